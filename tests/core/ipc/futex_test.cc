// SPDX-License-Identifier: Apache-2.0
//
// tests/core/ipc/futex_test.cc - core/ipc/futex.h: waiting, waking, two words,
// many words. Run with one CPU and with four.
#include <climits>
#include <list>

#include "tests/core/ipc/futex_fixture.h"

namespace {

TEST_F(FutexTest, WaitErrors)
{
    struct futex_word word = Word(kWord);
    uint64_t soon = hal_clock_now() + kMs;

    Set(kWord, 7);
    EXPECT_EQ(-EAGAIN, futex_wait(&word, 8, kAny, WAIT_FOREVER));
    EXPECT_EQ(-EINVAL, futex_wait(&word, 7, 0, WAIT_FOREVER));
    EXPECT_EQ(-ETIMEDOUT, futex_wait(&word, 7, kAny, soon));
    EXPECT_GE(hal_clock_now(), soon);
    EXPECT_EQ(-ETIMEDOUT, futex_wait(&word, 7, kAny, 0));
    for (bool is_private : {true, false}) {
        struct futex_word odd = Word(kWord + 2, is_private);
        struct futex_word hole = Word(kHole, is_private);
        struct futex_word beyond = Word(HAL_USER_TOP, is_private);

        EXPECT_EQ(-EINVAL, futex_wait(&odd, 0, kAny, WAIT_FOREVER));
        EXPECT_EQ(-EFAULT, futex_wait(&hole, 0, kAny, WAIT_FOREVER));
        EXPECT_EQ(-EFAULT, futex_wait(&beyond, 0, kAny, WAIT_FOREVER));
    }
}

TEST_F(FutexTest, WakeErrors)
{
    struct futex_word word = Word(kWord), odd = Word(kWord + 1);
    struct futex_word beyond = Word(HAL_USER_TOP);
    struct futex_word hole = Word(kHole), shared_hole = Word(kHole, false);

    EXPECT_EQ(-EINVAL, futex_wake(&word, 1, 0));
    EXPECT_EQ(-EINVAL, futex_wake(&odd, 1, kAny));
    EXPECT_EQ(-EFAULT, futex_wake(&beyond, 1, kAny));
    EXPECT_EQ(0, futex_wake(&hole, 1, kAny)); // its name needs no page
    EXPECT_EQ(-EFAULT, futex_wake(&shared_hole, 1, kAny));
    EXPECT_EQ(0, futex_wake(&word, 1, kAny));
}

// A page that is not there yet holds zero.
TEST_F(FutexTest, BringsThePageIn)
{
    struct futex_word word = Word(kFresh);

    EXPECT_EQ(-EAGAIN, futex_wait(&word, 1, kAny, WAIT_FOREVER));
    EXPECT_EQ(-ETIMEDOUT, futex_wait(&word, 0, kAny, 1));
}

TEST_F(FutexTest, WakesTheLongestWaitingFirst)
{
    struct futex_word word = Word(kWord);
    Waiter a(this, word), b(this, word), c(this, word), d(this, word);

    EXPECT_EQ(1, futex_wake(&word, 1, kAny));
    EXPECT_EQ(0, a.result());
    EXPECT_EQ(1, futex_wake(&word, 0, kAny)); // none asked for is one
    EXPECT_EQ(0, b.result());
    EXPECT_EQ(2, Waiting(word));
    EXPECT_EQ(2, futex_wake(&word, 10, kAny));
    EXPECT_EQ(0, c.result());
    EXPECT_EQ(0, d.result());
    EXPECT_EQ(0, futex_wake(&word, 10, kAny));
}

TEST_F(FutexTest, BitsMustMeet)
{
    struct futex_word word = Word(kWord);
    Waiter one(this, word, 1), two(this, word, 2), both(this, word, 3);

    EXPECT_EQ(0, futex_wake(&word, 10, 4));
    EXPECT_EQ(2, futex_wake(&word, 10, 2));
    EXPECT_EQ(0, two.result());
    EXPECT_EQ(0, both.result());
    EXPECT_EQ(1, futex_wake(&word, 10, kAny));
    EXPECT_EQ(0, one.result());
}

TEST_F(FutexTest, ASignalEndsIt)
{
    struct futex_word word = Word(kWord);

    for (unsigned work : {THREAD_WORK_SIGNAL, THREAD_WORK_EXIT}) {
        Waiter waiter(this, word);

        thread_set_work(waiter.thread(), work);
        EXPECT_EQ(-EINTR, waiter.result());
        EXPECT_EQ(0, Waiting(word));
    }
}

// A word is told apart by how it is named; a shared mapping's by the object.
TEST_F(FutexTest, Keys)
{
    struct futex_word mine = Word(kWord), by_name = Word(kWord, false);
    struct futex_word next = Word(kWord + 4);
    struct futex_word shared = Word(kShared, false);
    struct futex_word same = Word(kSharedToo, false);
    struct futex_word not_same = Word(kSharedToo + 4, false);
    struct futex_word alone = Word(kSharedToo, true);
    {
        Waiter waiter(this, mine);

        EXPECT_EQ(0, futex_wake(&by_name, 1, kAny));
        EXPECT_EQ(0, futex_wake(&next, 1, kAny));
        EXPECT_EQ(1, futex_wake(&mine, 1, kAny));
    }
    {
        Waiter waiter(this, shared);

        EXPECT_EQ(0, futex_wake(&alone, 1, kAny));
        EXPECT_EQ(0, futex_wake(&not_same, 1, kAny));
        EXPECT_EQ(1, futex_wake(&same, 1, kAny));
    }
}

// A child's word in shared memory is the parent's, one in private memory not.
TEST_F(FutexTest, AcrossAddressSpaces)
{
    struct aspace *child = nullptr;

    ASSERT_EQ(0, aspace_clone(as_, nullptr, &child));
    for (bool is_private : {true, false})
        for (uaddr_t at : {kWord, kShared}) {
            bool is_same = at == kShared && !is_private;
            struct futex_word word = Word(at, is_private), its = word;
            Waiter waiter(this, word);

            its.as = child;
            Use(child);
            EXPECT_EQ(is_same ? 1 : 0, futex_wake(&its, 1, kAny));
            Use(as_);
            EXPECT_EQ(is_same ? 0 : 1, futex_wake(&word, 1, kAny));
        }
    aspace_put(child);
}

TEST_F(FutexTest, Requeue)
{
    uint32_t seven = 7, eight = 8;
    struct futex_move move = {Word(kWord), Word(kWord2), 1, 2, nullptr};
    struct futex_word hole = Word(kHole);

    Set(kWord, 7);
    {
        Waiter a(this, move.from, kAny, 7), b(this, move.from, kAny, 7);
        Waiter c(this, move.from, kAny, 7), d(this, move.from, kAny, 7);

        move.expect = &eight;
        EXPECT_EQ(-EAGAIN, futex_requeue(&move));
        EXPECT_EQ(4, Waiting(move.from));
        move.expect = &seven;
        EXPECT_EQ(3, futex_requeue(&move));
        EXPECT_EQ(0, a.result());
        EXPECT_EQ(1, Waiting(move.from));
        EXPECT_EQ(2, Waiting(move.to));
        EXPECT_EQ(1, futex_wake(&move.to, 1, kAny));
        EXPECT_EQ(0, b.result());
        thread_set_work(c.thread(), THREAD_WORK_SIGNAL);
        EXPECT_EQ(-EINTR, c.result()); // where it was moved to
        EXPECT_EQ(0, Waiting(move.to));
        EXPECT_EQ(1, futex_wake(&move.from, 1, kAny));
        EXPECT_EQ(0, d.result());
    }
    move.wake = static_cast<uint32_t>(-1);
    EXPECT_EQ(-EINVAL, futex_requeue(&move));
    move.wake = 0;
    move.move = static_cast<uint32_t>(-1);
    EXPECT_EQ(-EINVAL, futex_requeue(&move));
    move.move = 1;
    move.from = hole;
    EXPECT_EQ(-EFAULT, futex_requeue(&move)); // it is compared
}

// The waiter's reference to the object goes with it.
TEST_F(FutexTest, RequeueBetweenObjects)
{
    struct futex_move there = {Word(kWord), Word(kShared, false), 0, INT_MAX,
                               nullptr};
    struct futex_move back = {there.to, Word(kShared + kPage, false), 0,
                              INT_MAX, nullptr};
    Waiter waiter(this, there.from);

    EXPECT_EQ(1, futex_requeue(&there));
    EXPECT_EQ(1, futex_requeue(&back));
    EXPECT_EQ(1, futex_wake(&back.to, 1, kAny));
    EXPECT_EQ(0, waiter.result());
}

uint32_t Op(uint32_t op, uint32_t comparison, uint32_t with, uint32_t against)
{
    return op << 28 | comparison << 24 | (with & 0xfff) << 12 |
           (against & 0xfff);
}

TEST_F(FutexTest, WakeOpChangesAndCompares)
{
    static const struct {
        uint32_t op, before, after;
        bool holds;
    } cases[] = {
        {Op(0, 0, 5, 9), 9, 5, true}, // SET, EQ
        {Op(0, 0, 5, 9), 8, 5, false},
        {Op(0, 0, 0xfff, 0xfff), UINT32_MAX, UINT32_MAX, true}, // -1
        {Op(1, 1, 5, 9), 9, 14, false},                         // ADD, NE
        {Op(1, 1, 0xffe, 9), 8, 6, true},                       // -2
        {Op(2, 2, 6, 2), 1, 7, true},                           // OR, LT
        {Op(2, 2, 6, 0), UINT32_MAX, UINT32_MAX, true},         // signed
        {Op(3, 3, 6, 7), 7, 1, true},                           // ANDN, LE
        {Op(3, 3, 6, 6), 7, 1, false},
        {Op(4, 4, 6, 2), 3, 5, true}, // XOR, GT
        {Op(4, 4, 6, 3), 3, 5, false},
        {Op(0, 5, 1, 3), 3, 1, true}, // GE
        {Op(0, 5, 1, 4), 3, 1, false},
        {Op(8, 0, 4, 0), 0, 16, true},  // SET to 1 << 4
        {Op(10, 0, 33, 0), 0, 2, true}, // OR, the shift modulo 32
    };
    struct futex_move move = {Word(kWord), Word(kWord2), 1, 1, nullptr};

    for (const auto &c : cases) {
        Waiter a(this, move.from), b(this, move.to);

        Set(kWord2, c.before);
        EXPECT_EQ(c.holds ? 2 : 1, futex_wake_op(&move, c.op));
        EXPECT_EQ(c.after, Get(kWord2)) << std::hex << c.op;
        EXPECT_EQ(0, a.result());
        EXPECT_EQ(c.holds ? 0 : 1, futex_wake(&move.to, 1, kAny));
        Set(kWord2, 0);
    }
    EXPECT_EQ(-ENOSYS, futex_wake_op(&move, Op(5, 0, 0, 0)));
    EXPECT_EQ(-ENOSYS, futex_wake_op(&move, Op(0, 6, 0, 0)));
    move.to = Word(kReadOnly);
    EXPECT_EQ(-EFAULT, futex_wake_op(&move, Op(0, 0, 0, 0)));
    move.to = Word(kWord + 3);
    EXPECT_EQ(-EINVAL, futex_wake_op(&move, Op(0, 0, 0, 0)));
}

TEST_F(FutexTest, WaitManyErrors)
{
    struct futex_word words[] = {Word(kWord), Word(kWord2), Word(kHole)};
    uint32_t values[] = {0, 1, 0};
    std::vector<struct futex_word> all(LX_FUTEX_WAITV_MAX + 1, words[0]);
    std::vector<uint32_t> zeros(all.size());

    EXPECT_EQ(-EINVAL, futex_wait_many(words, values, 0, WAIT_FOREVER));
    EXPECT_EQ(-EINVAL, futex_wait_many(all.data(), zeros.data(),
                                       LX_FUTEX_WAITV_MAX + 1, WAIT_FOREVER));
    EXPECT_EQ(-ETIMEDOUT,
              futex_wait_many(all.data(), zeros.data(), LX_FUTEX_WAITV_MAX, 1));
    EXPECT_EQ(-EAGAIN, futex_wait_many(words, values, 2, WAIT_FOREVER));
    values[1] = 0;
    EXPECT_EQ(-EFAULT, futex_wait_many(words, values, 3, WAIT_FOREVER));
    words[1].addr++;
    EXPECT_EQ(-EINVAL, futex_wait_many(words, values, 2, WAIT_FOREVER));
    for (const struct futex_word &word : {words[0], all[0]})
        EXPECT_EQ(0, Waiting(word));
}

TEST_F(FutexTest, WaitManyTellsWhichWord)
{
    struct futex_word words[] = {Word(kWord), Word(kShared, false),
                                 Word(kWord2)};
    uint32_t values[] = {0, 0, 0};

    for (int which = 0; which < 4; which++) {
        int result = 1;
        Kthread waiter([&] {
            Use(as_);
            result = futex_wait_many(words, values, 3, WAIT_FOREVER);
            thread_set_mmu(nullptr);
        });
        Await(words[2], 1);
        if (which < 3)
            EXPECT_EQ(1, futex_wake(&words[which], 1, kAny));
        else
            thread_set_work(waiter.thread(), THREAD_WORK_SIGNAL);
        waiter.Join();
        EXPECT_EQ(which < 3 ? which : -EINTR, result);
        for (const struct futex_word &word : words)
            EXPECT_EQ(0, Waiting(word));
    }
}

TEST_F(FutexTest, WaitManyWithoutMemory)
{
    struct futex_word words[] = {Word(kWord), Word(kWord2)};
    uint32_t values[] = {0, 1};

    EXPECT_GE(harness::sweep_allocations([&] {
                  int result = futex_wait_many(words, values, 2, WAIT_FOREVER);

                  return result == -EAGAIN ? 0 : result;
              }),
              2u);
}

// What the model of the walk knows of a thread that waits.
struct Sleeper {
    std::unique_ptr<FutexTest::Waiter> waiter;
    uint32_t bits;
};

class FutexWalk : public FutexTest {
protected:
    static constexpr unsigned kWords = 3;
    using Queue = std::list<Sleeper>;

    struct futex_word WordOf(uint64_t i) { return Word(kWord + 8 * i); }
    // The first of the queue, up to count, that bits meet: woken, and gone.
    int Take(Queue &queue, uint32_t count, uint32_t bits)
    {
        int taken = 0;

        for (auto at = queue.begin();
             at != queue.end() && static_cast<uint32_t>(taken) < count;) {
            if ((at->bits & bits) == 0) {
                ++at;
                continue;
            }
            gone_.splice(gone_.end(), queue, at++);
            taken++;
        }
        return taken;
    }
    // Whoever was taken has ended with that.
    void ExpectGone(int result)
    {
        for (Sleeper &sleeper : gone_)
            EXPECT_EQ(result, sleeper.waiter->result());
        gone_.clear();
    }
    void Enter(uint64_t at)
    {
        static const uint32_t kinds[] = {1, 2, 3, UINT32_MAX};
        uint32_t bits = kinds[random_.below(4)];

        queues_[at].push_back(
            {std::make_unique<Waiter>(this, WordOf(at), bits), bits});
    }
    void Wake(uint64_t at)
    {
        uint32_t count = static_cast<uint32_t>(random_.below(4));
        uint32_t bits = static_cast<uint32_t>(1 + random_.below(4));
        struct futex_word word = WordOf(at);
        int result = futex_wake(&word, count, bits);

        EXPECT_EQ(Take(queues_[at], count == 0 ? 1 : count, bits), result);
        ExpectGone(0);
    }
    void Requeue(uint64_t at)
    {
        uint64_t to = random_.below(kWords);
        uint32_t expect = static_cast<uint32_t>(random_.below(8) == 0);
        struct futex_move move = {
            WordOf(at), WordOf(to), static_cast<uint32_t>(random_.below(3)),
            static_cast<uint32_t>(random_.below(3)), &expect};
        int result = futex_requeue(&move), expected;

        if (expect != 0) {
            EXPECT_EQ(-EAGAIN, result);
            return;
        }
        expected = Take(queues_[at], move.wake, UINT32_MAX);
        ExpectGone(0);
        for (uint32_t i = 0; i < move.move && i < queues_[at].size(); i++)
            expected++;
        for (int i = static_cast<int>(move.move);
             to != at && i > 0 && !queues_[at].empty(); i--)
            queues_[to].splice(queues_[to].end(), queues_[at],
                               queues_[at].begin());
        EXPECT_EQ(expected, result);
    }
    void WakeOp(uint64_t at)
    {
        uint64_t to = random_.below(kWords);
        bool holds = random_.below(2) == 0;
        struct futex_move move = {WordOf(at), WordOf(to), 1,
                                  static_cast<uint32_t>(1 + random_.below(3)),
                                  nullptr};
        // Adds nothing; the word is zero.
        int result = futex_wake_op(&move, Op(1, holds ? 0 : 1, 0, 0));
        int expected = Take(queues_[at], 1, UINT32_MAX);

        if (holds)
            expected += Take(queues_[to], move.move, UINT32_MAX);
        ExpectGone(0);
        EXPECT_EQ(expected, result);
    }
    void Interrupt(uint64_t at)
    {
        if (queues_[at].empty())
            return;
        auto which = queues_[at].begin();

        std::advance(which, random_.below(queues_[at].size()));
        thread_set_work(which->waiter->thread(), THREAD_WORK_SIGNAL);
        gone_.splice(gone_.end(), queues_[at], which);
        ExpectGone(-EINTR);
    }
    void Step()
    {
        uint64_t at = random_.below(kWords);

        switch (random_.below(8)) {
        case 0:
            return Wake(at);
        case 1:
        case 2:
            return Requeue(at);
        case 3:
            return WakeOp(at);
        case 4:
            return Interrupt(at);
        default:
            if (queues_[0].size() + queues_[1].size() + queues_[2].size() < 8)
                Enter(at);
        }
    }

    harness::Random random_{5};
    Queue queues_[kWords], gone_;
};

TEST_F(FutexWalk, SeededAgainstModel)
{
    for (uint64_t i = harness::steps(1500); i > 0 && !HasFailure(); i--) {
        Step();
        for (unsigned at = 0; at < kWords; at++)
            ASSERT_EQ(static_cast<int>(queues_[at].size()),
                      Waiting(WordOf(at)));
    }
    for (unsigned at = 0; at < kWords; at++)
        while (!queues_[at].empty())
            Interrupt(at);
}

class FutexSmp : public FutexTest {
protected:
    // A mutex of one word: 0 free, 1 taken, 2 and somebody may wait.
    void Lock(const struct futex_word &word)
    {
        uint32_t seen = Swap(word.addr, 0, 1);

        while (seen != 0) {
            if (seen == 2 || Swap(word.addr, 1, 2) != 0) {
                int result = futex_wait(&word, 2, kAny, WAIT_FOREVER);

                EXPECT_TRUE(result == 0 || result == -EAGAIN) << result;
            }
            seen = Swap(word.addr, 0, 2);
        }
    }
    void Unlock(const struct futex_word &word)
    {
        uint32_t seen = Swap(word.addr, 1, 0);

        if (seen == 1)
            return;
        EXPECT_EQ(2u, seen);
        EXPECT_EQ(2u, Swap(word.addr, 2, 0));
        EXPECT_GE(futex_wake(&word, 1, kAny), 0);
    }
    uint32_t Swap(uaddr_t at, uint32_t expected, uint32_t fresh)
    {
        EXPECT_EQ(0, hal_user_cas32(at, &expected, fresh));
        return expected;
    }
};

// A mutex of user space among threads of all CPUs: no count and no wake-up is
// lost.
TEST_F(FutexSmp, MutexStorm)
{
    constexpr unsigned kThreads = 4;
    uint64_t rounds = harness::steps(1500);

    Set(kWord, 0);
    for (bool is_private : {true, false}) {
        std::vector<std::unique_ptr<Kthread>> threads;
        struct futex_word word = Word(is_private ? kWord : kShared, is_private);
        uaddr_t counter = word.addr + 64;

        Set(word.addr, 0);
        Set(counter, 0);
        for (unsigned n = 0; n < kThreads; n++)
            threads.push_back(std::make_unique<Kthread>([&] {
                Use(as_);
                for (uint64_t i = 0; i < rounds; i++) {
                    Lock(word);
                    Set(counter, Get(counter) + 1);
                    if (i % 16 == 0)
                        thread_yield();
                    Unlock(word);
                }
                thread_set_mmu(nullptr);
            }));
        threads.clear();
        EXPECT_EQ(kThreads * rounds, Get(counter));
        EXPECT_EQ(0, Waiting(word));
    }
}

// Waits that end by time, by a signal, by a wake or a move, all at once: each
// wake that counted somebody ended one wait, and nobody is left.
TEST_F(FutexSmp, EndsRace)
{
    uint64_t rounds = harness::steps(1500);
    struct futex_word words[] = {Word(kWord), Word(kWord2)};
    uint64_t woken = 0, ended = 0;
    bool stop = false;
    std::vector<std::unique_ptr<Kthread>> waiters;

    Set(kWord, 0);
    Set(kWord2, 0);
    for (unsigned n = 0; n < 3; n++)
        waiters.push_back(std::make_unique<Kthread>([&, n] {
            harness::Random random(n);

            Use(as_);
            for (uint64_t i = 0; i < rounds; i++) {
                uint64_t end = hal_clock_now() + random.below(kMs / 10);
                int result = futex_wait(&words[random.below(2)], 0, kAny, end);

                EXPECT_TRUE(result == 0 || result == -ETIMEDOUT) << result;
                if (result == 0)
                    __atomic_fetch_add(&ended, 1, __ATOMIC_RELAXED);
            }
            thread_set_mmu(nullptr);
        }));
    Kthread waker([&] {
        harness::Random random(9);

        Use(as_);
        while (!kthread::Load(stop)) {
            unsigned at = static_cast<unsigned>(random.below(2));
            struct futex_move move = {words[at], words[1 - at], 0, 2, nullptr};

            if (random.below(2) == 0)
                woken += static_cast<uint64_t>(futex_wake(&words[at], 1, kAny));
            else
                EXPECT_GE(futex_requeue(&move), 0);
            if (random.below(16) == 0)
                kthread::Sleep(kMs / 50);
        }
        thread_set_mmu(nullptr);
    });
    waiters.clear();
    kthread::Store(stop, true);
    waker.Join();
    EXPECT_EQ(woken, ended);
    for (const struct futex_word &word : words)
        EXPECT_EQ(0, Waiting(word));
}

} // namespace
