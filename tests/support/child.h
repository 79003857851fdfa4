// SPDX-License-Identifier: Apache-2.0
//
// tests/support/child.h - the side of harness::Child that main() needs.
#ifndef TESTS_SUPPORT_CHILD_H
#define TESTS_SUPPORT_CHILD_H

namespace harness {

// Names, in the environment, the body that this process is to run.
constexpr const char *kChildVariable = "CYPHERA_TEST_CHILD";

// How many CPUs the machine has; unset: one.
constexpr const char *kCpusVariable = "CYPHERA_TEST_CPUS";

// Runs it; returns 0, or 125 when there is no such body.
int call_child(const char *name);

} // namespace harness

#endif // TESTS_SUPPORT_CHILD_H
