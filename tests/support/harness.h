// SPDX-License-Identifier: Apache-2.0
//
// tests/support/harness.h - what unit tests share.
//
// Every test runs in a kernel thread of the hosted machine (64 MiB, one CPU)
// with a stack of 1 MiB. After each test the harness fails it when objects or
// frames are gone that were there before.
#ifndef TESTS_SUPPORT_HARNESS_H
#define TESTS_SUPPORT_HARNESS_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace harness {

// Does a tool turn a touch of freed memory into a report (status 99)?
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kAsan = true;
#elif defined(__has_feature)
constexpr bool kAsan = __has_feature(address_sanitizer);
#else
constexpr bool kAsan = false;
#endif

// Under Valgrind, and under TSan, a long walk takes a tenth of its steps.
uint64_t steps(uint64_t n);

// Numbers that repeat: from CYPHERA_TEST_SEED (1 when unset) and the salt.
class Random {
public:
    explicit Random(uint64_t salt);
    uint64_t next();
    uint64_t below(uint64_t bound); // 0 .. bound-1
private:
    uint64_t state_;
};

// What is taken, after empty slabs were given back: objects of caches, and the
// frames that are no cache's.
struct Resources {
    uint64_t objects;
    uint64_t frames;
};
Resources resources();

// The test that calls it may keep what it took.
void allow_leaks();

// Makes the first, second, ... allocation of call() fail, until a call passes
// all of them; that one must return 0. A call that met a failure returns
// -ENOMEM (or 0, when it could do without), and keeps nothing. Returns how many
// failures were met.
uint64_t sweep_allocations(const std::function<int()> &call);

// A body that runs in a machine of its own, in a child process, and ends it:
// CHILD(Name) { ... } beside the tests. It returns: status 0.
struct Child {
    Child(const char *name, void (*body)());
};
#define CHILD(name) \
    static void child_##name(); \
    static const harness::Child child_entry_##name(#name, child_##name); \
    static void child_##name()

struct Ending {
    int status; // 128+N: killed by signal N
    std::string log;
};
Ending run_child(const char *name);

// The child panics, saying text (a part of the line).
#define EXPECT_PANIC(name, text) \
    do { \
        harness::Ending ending = harness::run_child(#name); \
        EXPECT_EQ(120, ending.status) << ending.log; \
        EXPECT_NE(std::string::npos, ending.log.find(text)) << ending.log; \
    } while (0)

} // namespace harness

#endif // TESTS_SUPPORT_HARNESS_H
