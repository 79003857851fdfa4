// SPDX-License-Identifier: Apache-2.0
//
// tests/support/random.cc - contract in harness.h. SplitMix64 (G. L. Steele,
// D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", 2014).
#include <cstdlib>

#include "tests/support/harness.h"

namespace harness {

static uint64_t seed()
{
    const char *text = getenv("CYPHERA_TEST_SEED");

    return text != nullptr ? strtoull(text, nullptr, 0) : 1;
}

Random::Random(uint64_t salt) : state_(seed() * UINT64_C(0x2545f4914f6cdd1d))
{
    state_ ^= salt;
}

uint64_t Random::next()
{
    uint64_t z = state_ += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t Random::below(uint64_t bound)
{
    return next() % bound;
}

uint64_t steps(uint64_t n)
{
#if CYPHERA_VALGRIND || defined(__SANITIZE_THREAD__)
    return n / 10;
#elif defined(__has_feature)
    return __has_feature(thread_sanitizer) ? n / 10 : n;
#else
    return n;
#endif
}

} // namespace harness
