/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/user_fpu_test.c - hal/user.h: FPU and vector state.
 */
#include "core/abi/errno.h"
#include "core/abi/sigcontext.h"
#include "core/base/string.h"
#include "core/sched/thread.h"
#include "hal/irq.h"
#include "hal/user.h"
#include "tests/contract/contract.h"
#include "tests/contract/space.h"

enum {
    VECTORS = 16,
    VECTOR_SIZE = 32,
    MXCSR_AT = VECTORS * VECTOR_SIZE,
    BLOCK_SIZE = MXCSR_AT + 4,
    MXCSR_DEFAULT = 0x1f80,
    MXCSR_ROUND_DOWN = 0x3f80,
    TURNS = 50
};

static uint8_t image[HAL_FPU_IMAGE_MAX], second[HAL_FPU_IMAGE_MAX];

static uint8_t *block(struct space *space, unsigned number)
{
    return (uint8_t *)page_data(space->data) + number * 1024u;
}

static void fill_block(uint8_t *at, unsigned seed, uint32_t mxcsr)
{
    for (unsigned i = 0; i < MXCSR_AT; i++)
        at[i] = (uint8_t)(i * 7 + seed * 91);
    mem_copy(at + MXCSR_AT, &mxcsr, sizeof(mxcsr));
}

/* A user that will load block `number` and dump into block `number + 1`. */
static struct hal_user *make_user(unsigned number)
{
    struct hal_user *user = NULL;
    struct lx_user_regs regs;

    if (!CHECK_EQUAL(0, hal_user_create(&user)))
        return NULL;
    hal_user_reset(user, space_label(code_fill), SPACE_STACK);
    hal_user_get(user, &regs);
    regs.rdi = SPACE_DATA + number * 1024u;
    regs.rsi = SPACE_DATA + (number + 1) * 1024u;
    CHECK_EQUAL(0, hal_user_set(user, &regs));
    return user;
}

static void run_until(struct hal_user *user, enum hal_trap_kind kind)
{
    struct hal_trap trap;

    space_run(user, &trap);
    CHECK_EQUAL(kind, trap.kind);
    if (trap.kind == HAL_TRAP_CALL)
        hal_user_set_result(user, 0);
}

static void check_two_users(void)
{
    struct space space;
    struct hal_user *one, *other;

    if (space_open(&space)) {
        fill_block(block(&space, 0), 1, MXCSR_DEFAULT);
        fill_block(block(&space, 2), 2, MXCSR_ROUND_DOWN);
        one = make_user(0);
        other = make_user(2);
        if (one != NULL && other != NULL) {
            run_until(one, HAL_TRAP_CALL);
            run_until(other, HAL_TRAP_CALL);
            run_until(one, HAL_TRAP_EXCEPTION);
            run_until(other, HAL_TRAP_EXCEPTION);
            CHECK(mem_equal(block(&space, 0), block(&space, 1), BLOCK_SIZE));
            CHECK(mem_equal(block(&space, 2), block(&space, 3), BLOCK_SIZE));
        }
        if (one != NULL)
            hal_user_destroy(one);
        if (other != NULL)
            hal_user_destroy(other);
    }
    space_close(&space);
}

/* Block 1 holds what a user shows that never touched its vectors. */
static void check_initial(struct space *space)
{
    uint32_t mxcsr = 0;

    for (unsigned i = 0; i < MXCSR_AT; i++)
        if (!CHECK_EQUAL(0, block(space, 1)[i]))
            break;
    mem_copy(&mxcsr, block(space, 1) + MXCSR_AT, sizeof(mxcsr));
    CHECK_EQUAL(MXCSR_DEFAULT, mxcsr);
}

static void run_fresh(struct space *space, struct hal_user *dirty,
                      struct hal_user *fresh)
{
    struct lx_user_regs regs;

    run_until(dirty, HAL_TRAP_CALL);
    hal_user_get(fresh, &regs);
    regs.rip = space_label(code_dump);
    CHECK_EQUAL(0, hal_user_set(fresh, &regs));
    run_until(fresh, HAL_TRAP_EXCEPTION);
    check_initial(space);
}

static void check_fresh(void)
{
    struct space space;
    struct hal_user *dirty, *fresh;

    if (space_open(&space)) {
        fill_block(block(&space, 0), 3, MXCSR_ROUND_DOWN);
        dirty = make_user(0);
        fresh = make_user(0);
        if (dirty != NULL && fresh != NULL)
            run_fresh(&space, dirty, fresh);
        if (dirty != NULL)
            hal_user_destroy(dirty);
        if (fresh != NULL)
            hal_user_destroy(fresh);
    }
    space_close(&space);
}

static void check_clone(void)
{
    struct space space;
    struct hal_user *user, *copy = NULL;

    if (space_open(&space)) {
        fill_block(block(&space, 0), 4, MXCSR_ROUND_DOWN);
        user = make_user(0);
        if (user != NULL) {
            run_until(user, HAL_TRAP_CALL);
            if (CHECK_EQUAL(0, hal_user_clone(user, &copy))) {
                run_until(copy, HAL_TRAP_EXCEPTION);
                CHECK(
                    mem_equal(block(&space, 0), block(&space, 1), BLOCK_SIZE));
                hal_user_destroy(copy);
            }
            hal_user_destroy(user);
        }
    }
    space_close(&space);
}

static void check_image(void)
{
    struct space space;
    struct hal_user *user;
    struct lx_fpx_sw_bytes sw;
    uint32_t magic2 = 0;
    size_t size = hal_user_fpu_size();

    CHECK(size >= LX_FXSAVE_SIZE + LX_XSAVE_HEADER_SIZE + 4);
    CHECK(size <= HAL_FPU_IMAGE_MAX && size % 4 == 0);
    if (space_open(&space)) {
        fill_block(block(&space, 0), 5, MXCSR_DEFAULT);
        user = make_user(0);
        if (user != NULL) {
            run_until(user, HAL_TRAP_CALL);
            hal_user_fpu_get(user, image);
            mem_copy(&sw, image + LX_FXSAVE_SW_OFFSET, sizeof(sw));
            CHECK_EQUAL(LX_FP_XSTATE_MAGIC1, sw.magic1);
            CHECK_EQUAL(size, sw.extended_size);
            CHECK_EQUAL(size - 4, sw.xstate_size);
            mem_copy(&magic2, image + size - 4, sizeof(magic2));
            CHECK_EQUAL(LX_FP_XSTATE_MAGIC2, magic2);
            CHECK(mem_equal(image + 160, block(&space, 0), 16)); /* xmm0 */
            image[160] ^= 0xff;
            CHECK_EQUAL(0, hal_user_fpu_set(user, image, size));
            run_until(user, HAL_TRAP_EXCEPTION);
            block(&space, 0)[0] ^= 0xff;
            CHECK(mem_equal(block(&space, 0), block(&space, 1), BLOCK_SIZE));
            hal_user_destroy(user);
        }
    }
    space_close(&space);
}

static void clear_and_dump(struct space *space, struct hal_user *user)
{
    struct lx_user_regs regs;

    run_until(user, HAL_TRAP_CALL);
    CHECK_EQUAL(0, hal_user_fpu_set(user, NULL, 0));
    hal_user_get(user, &regs);
    regs.rip = space_label(code_dump);
    CHECK_EQUAL(0, hal_user_set(user, &regs));
    run_until(user, HAL_TRAP_EXCEPTION);
    check_initial(space);
    CHECK_EQUAL(0, hal_user_fpu_set(user, NULL, 0));
    hal_user_fpu_get(user, image);
    for (unsigned i = 160; i < 160 + 256; i++) /* xmm0 and on */
        if (!CHECK_EQUAL(0, image[i]))
            break;
}

/* No image: what user code left in the registers is gone. */
static void check_no_image(void)
{
    struct space space;
    struct hal_user *user;

    if (space_open(&space)) {
        fill_block(block(&space, 0), 7, MXCSR_ROUND_DOWN);
        user = make_user(0);
        if (user != NULL) {
            clear_and_dump(&space, user);
            hal_user_destroy(user);
        }
    }
    space_close(&space);
}

static void refuse(struct hal_user *user, size_t at, uint8_t bit)
{
    size_t size = hal_user_fpu_size();

    hal_user_fpu_get(user, image);
    image[at] |= bit;
    CHECK_EQUAL(-EINVAL, hal_user_fpu_set(user, image, size));
    image[at] = (uint8_t)(image[at] & ~bit);
    hal_user_fpu_get(user, second);
    CHECK(mem_equal(image, second, size));
}

static void check_bad_images(void)
{
    struct hal_user *user = NULL;

    if (!CHECK_EQUAL(0, hal_user_create(&user)))
        return;
    refuse(user, 27, 0x80);                  /* MXCSR */
    refuse(user, LX_FXSAVE_SIZE + 7, 0x80);  /* XSTATE_BV bit 63 */
    refuse(user, LX_FXSAVE_SIZE + 15, 0x80); /* XCOMP_BV: compacted */
    refuse(user, LX_FXSAVE_SIZE + 20, 1);    /* reserved header bytes */
    hal_user_fpu_get(user, image);
    CHECK_EQUAL(-EINVAL, hal_user_fpu_set(user, image, 100));
    mem_set(image + LX_FXSAVE_SW_OFFSET, 0, sizeof(struct lx_fpx_sw_bytes));
    CHECK_EQUAL(0, hal_user_fpu_set(user, image, LX_FXSAVE_SIZE));
    hal_user_destroy(user);
}

/* The state survives the thread being switched out again and again. */
static void be_in_the_way(void *arg)
{
    (void)arg;
    for (int i = 0; i < TURNS; i++)
        thread_yield();
}

static void check_switching(void)
{
    struct space space;
    struct hal_user *user;
    struct thread *thread;

    if (space_open(&space) &&
        CHECK_EQUAL(0, thread_create("way", be_in_the_way, NULL, &thread))) {
        thread_start(thread);
        thread_put(thread);
        fill_block(block(&space, 0), 6, MXCSR_DEFAULT);
        user = make_user(0);
        if (user != NULL) {
            run_until(user, HAL_TRAP_CALL);
            for (int i = 0; i <= TURNS; i++)
                thread_yield();
            run_until(user, HAL_TRAP_EXCEPTION);
            CHECK(mem_equal(block(&space, 0), block(&space, 1), BLOCK_SIZE));
            hal_user_destroy(user);
        }
    }
    space_close(&space);
}

static const struct contract_case cases[] = {
    {"two users keep their vectors and MXCSR", check_two_users},
    {"a new user starts with the initial state", check_fresh},
    {"a clone has the same state", check_clone},
    {"the image is Linux's, and loads", check_image},
    {"no image is the initial state", check_no_image},
    {"a damaged image is refused and changes nothing", check_bad_images},
    {"the state outlives switches of the kernel", check_switching},
};
CONTRACT_SUITE(user_fpu, cases);
