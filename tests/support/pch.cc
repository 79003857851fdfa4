// SPDX-License-Identifier: Apache-2.0
//
// tests/support/pch.cc - carries the precompiled header of GoogleTest.
