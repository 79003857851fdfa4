// SPDX-License-Identifier: Apache-2.0
//
// tests/core/base/fault_test.cc - core/base/fault.h.
#include <cerrno>

#include <gtest/gtest.h>

#include "core/base/fault.h"

class Fault : public testing::Test {
protected:
    void TearDown() override { fault_plan_nth(FAULT_ANY, 0); }
};

TEST_F(Fault, NoPlanFailsNothingAndCountsNothing)
{
    fault_plan_nth(FAULT_ANY, 0);
    for (int i = 0; i < 100; i++)
        EXPECT_FALSE(fault_point(FAULT_FRAME));
    EXPECT_EQ(0u, fault_passed());
    EXPECT_EQ(0u, fault_failed());
}

TEST_F(Fault, NthFailsOnceAndCounts)
{
    fault_plan_nth(FAULT_ANY, 3);
    EXPECT_FALSE(fault_point(FAULT_FRAME));
    EXPECT_FALSE(fault_point(FAULT_OBJECT));
    EXPECT_TRUE(fault_point(FAULT_CONTEXT));
    EXPECT_FALSE(fault_point(FAULT_FRAME));
    EXPECT_EQ(4u, fault_passed());
    EXPECT_EQ(1u, fault_failed());
}

TEST_F(Fault, OtherSitesDoNotCount)
{
    fault_plan_nth(FAULT_OBJECT, 1);
    EXPECT_FALSE(fault_point(FAULT_FRAME));
    EXPECT_FALSE(fault_point(FAULT_CONTEXT));
    EXPECT_EQ(0u, fault_passed());
    EXPECT_TRUE(fault_point(FAULT_OBJECT));
}

TEST_F(Fault, ANewPlanCountsAnew)
{
    fault_plan_nth(FAULT_ANY, 1);
    EXPECT_TRUE(fault_point(FAULT_FRAME));
    fault_plan_nth(FAULT_ANY, 2);
    EXPECT_EQ(0u, fault_passed());
    EXPECT_EQ(0u, fault_failed());
    EXPECT_FALSE(fault_point(FAULT_FRAME));
    EXPECT_TRUE(fault_point(FAULT_FRAME));
}

// Without a seed hal_check_choose() answers 0, and every n-th pass fails.
TEST_F(Fault, RateFailsOneInN)
{
    int failed = 0;

    fault_plan_rate(FAULT_ANY, 10);
    for (int i = 0; i < 100; i++)
        failed += fault_point(FAULT_FRAME);
    EXPECT_EQ(10, failed);
    EXPECT_EQ(100u, fault_passed());
    EXPECT_EQ(10u, fault_failed());
    fault_plan_rate(FAULT_ANY, 0);
    EXPECT_FALSE(fault_point(FAULT_FRAME));
    fault_plan_rate(FAULT_ANY, 1);
    EXPECT_TRUE(fault_point(FAULT_FRAME));
    EXPECT_TRUE(fault_point(FAULT_FRAME));
}

TEST_F(Fault, ParseRefusesWhatIsNoPlan)
{
    const char *rows[] = {"",
                          "nth",
                          "nth:",
                          "nth:0",
                          "nth:x",
                          "nth:1x",
                          "nth:1,",
                          "nth:1,page",
                          "nth:1,frames",
                          "nth:1,frame,",
                          "nth:,frame",
                          "nth:99999999999999999999",
                          "nth:1234567890123456789012345678",
                          "rate:",
                          "rate:0",
                          "rate:-1",
                          "calls,",
                          "calls:1",
                          "call",
                          "often:1"};

    for (const char *row : rows)
        EXPECT_EQ(-EINVAL, fault_plan_parse(row)) << row;
    EXPECT_FALSE(fault_point(FAULT_FRAME));
}

fault_call *call_now; // what the test's thread does

fault_call *current_call()
{
    return call_now;
}

// How many of the passes of a call get by before one fails; -1: all.
int passes_before_failure(unsigned number, int passes)
{
    fault_call call;
    int found = -1;

    fault_call_enter(&call, number);
    call_now = &call;
    for (int i = 0; i < passes && found < 0; i++)
        if (fault_point(FAULT_OBJECT))
            found = i;
    call_now = nullptr;
    fault_call_leave(&call);
    return found;
}

TEST_F(Fault, CallsFailInTurn)
{
    fault_set_current(current_call);
    ASSERT_EQ(0, fault_plan_parse("calls"));
    EXPECT_TRUE(fault_is_by_call());
    EXPECT_FALSE(fault_point(FAULT_OBJECT)); // outside of calls
    for (int round = 0; round < 2; round++) {
        EXPECT_EQ(0, passes_before_failure(7, 2));
        EXPECT_EQ(1, passes_before_failure(7, 2));
        EXPECT_EQ(0, passes_before_failure(8, 1)); // by number
        EXPECT_EQ(-1, passes_before_failure(7, 2));
        EXPECT_EQ(-1, passes_before_failure(8, 1));
    }
    EXPECT_EQ(6u, fault_failed());
    ASSERT_EQ(0, fault_plan_parse("calls,frame"));
    EXPECT_EQ(-1, passes_before_failure(7, 2));
    fault_plan_nth(FAULT_ANY, 0);
    EXPECT_FALSE(fault_is_by_call());
}

TEST_F(Fault, ParseSetsThePlan)
{
    const struct {
        const char *text;
        bool frame, object, context; // fails at the first pass
    } rows[] = {
        {"nth:1", true, true, true},
        {"rate:1", true, true, true},
        {"nth:0x1,frame", true, false, false},
        {"nth:1,object", false, true, false},
        {"rate:1,context", false, false, true},
        {"rate:1,frame,context", true, false, true},
        {"nth:2", false, false, false},
    };

    for (const auto &row : rows) {
        const struct {
            enum fault_site site;
            bool fails;
        } sites[] = {{FAULT_FRAME, row.frame},
                     {FAULT_OBJECT, row.object},
                     {FAULT_CONTEXT, row.context}};

        for (const auto &site : sites) {
            ASSERT_EQ(0, fault_plan_parse(row.text)) << row.text;
            EXPECT_EQ(site.fails, fault_point(site.site)) << row.text;
        }
    }
}
