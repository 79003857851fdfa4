// SPDX-License-Identifier: Apache-2.0
//
// tests/support/leak.h - looks after each test for what it did not give back.
#ifndef TESTS_SUPPORT_LEAK_H
#define TESTS_SUPPORT_LEAK_H

#include <gtest/gtest.h>

#include "tests/support/harness.h"

namespace harness {

class LeakListener : public testing::EmptyTestEventListener {
public:
    void OnTestStart(const testing::TestInfo &info) override;
    void OnTestEnd(const testing::TestInfo &info) override;

private:
    Resources before_ = {};
};

} // namespace harness

#endif // TESTS_SUPPORT_LEAK_H
