/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/map.c - mmap(2).
 *
 * Errors come in the order in which Linux finds them: size, room in the count
 * of regions, the address, then what flags and object allow.
 */
#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/vm/look.h"
#include "core/vm/region.h"

#define PROT_RIGHTS (LX_PROT_READ | LX_PROT_WRITE | LX_PROT_EXEC)

/* MAP_32BIT chooses from here to 2 GiB. */
#define LOW_START   UINT64_C(0x40000000)
#define LOW_END     UINT64_C(0x80000000)

/* The largest offset a file can have. */
#define OFFSET_MAX  UINT64_C(0x7fffffffffffffff)

#define MAP_ABOVE4G 0x80u /* of Linux 6.6; ignored */

/* What MAP_SHARED_VALIDATE lets pass: every flag that was ever ignored, and the
 * bits of a huge page's size (mmap(2)). MAP_SYNC needs a file on DAX. */
#define KNOWN_FLAGS \
    (LX_MAP_TYPE | LX_MAP_FIXED | LX_MAP_ANONYMOUS | LX_MAP_32BIT | \
     MAP_ABOVE4G | LX_MAP_GROWSDOWN | LX_MAP_DENYWRITE | LX_MAP_EXECUTABLE | \
     LX_MAP_LOCKED | LX_MAP_NORESERVE | LX_MAP_POPULATE | LX_MAP_NONBLOCK | \
     LX_MAP_STACK | LX_MAP_HUGETLB | (UINT32_C(31) << LX_MAP_HUGE_SHIFT))

/* A request that has been read and found sound. */
struct plan {
    const struct map_request *request;
    uint64_t size; /* in whole pages */
    uaddr_t start; /* chosen */
    unsigned deny;
    unsigned region_flags;
    bool shared;
    bool exact;     /* at that address or not at all */
    bool replace;   /* whatever is there goes */
    bool has_claim; /* vm_object_claim_write() */
    int refusal;    /* what the file says, or 0 */
    int kind_error; /* what flags and object say; told after the address */
    struct vm_object *object; /* a reference; NULL: anonymous and private */
};

static bool is_of_file(const struct plan *plan)
{
    return plan->request->object != NULL || plan->refusal != 0;
}

/* There are no huge pages in the pool; only their sizes are known. */
static int huge_error(const struct plan *plan)
{
    const struct map_request *request = plan->request;
    unsigned shift = (request->flags >> LX_MAP_HUGE_SHIFT) & LX_MAP_HUGE_MASK;
    unsigned type = request->flags & LX_MAP_TYPE;

    if (is_of_file(plan) || (request->flags & LX_MAP_GROWSDOWN) ||
        (type != LX_MAP_SHARED && type != LX_MAP_PRIVATE) ||
        (shift != 0 && shift != 21 && shift != 30))
        return -EINVAL;
    return -ENOMEM;
}

static int anonymous_error(const struct map_request *request)
{
    bool grows = (request->flags & LX_MAP_GROWSDOWN) != 0;

    switch (request->flags & LX_MAP_TYPE) {
    case LX_MAP_SHARED:
        return grows ? -EINVAL : 0;
    case LX_MAP_PRIVATE:
        return 0;
    default:
        return -EINVAL;
    }
}

static int object_error(const struct plan *plan)
{
    const struct map_request *request = plan->request;
    unsigned type = request->flags & LX_MAP_TYPE;

    if (request->offset > OFFSET_MAX ||
        plan->size > OFFSET_MAX - request->offset)
        return -EOVERFLOW;
    if (type != LX_MAP_SHARED && type != LX_MAP_PRIVATE &&
        type != LX_MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (type == LX_MAP_SHARED_VALIDATE && (request->flags & ~KNOWN_FLAGS))
        return -EOPNOTSUPP;
    if (plan->refusal != 0)
        return plan->refusal;
    if (request->prot & plan->deny)
        return -EACCES;
    return (request->flags & LX_MAP_GROWSDOWN) ? -EINVAL : 0;
}

/* Reads the request into plan: 0, or what is wrong whatever the address. */
static int read_request(const struct map_request *request, struct plan *plan)
{
    struct vm_object *object = request->object;

    if (request->offset % PAGE_SIZE != 0 || request->size == 0)
        return -EINVAL;
    plan->request = request;
    if (request->flags & LX_MAP_HUGETLB)
        return huge_error(plan);
    plan->size = round_up(request->size, PAGE_SIZE);
    if (plan->size == 0 || plan->size > HAL_USER_TOP)
        return -ENOMEM;
    plan->shared = (request->flags & LX_MAP_TYPE) != LX_MAP_PRIVATE;
    plan->exact =
        (request->flags & (LX_MAP_FIXED | LX_MAP_FIXED_NOREPLACE)) != 0;
    plan->replace = plan->exact && !(request->flags & LX_MAP_FIXED_NOREPLACE);
    if (request->flags & LX_MAP_GROWSDOWN)
        plan->region_flags |= REGION_GROWS_DOWN;
    if (request->flags & LX_MAP_LOCKED)
        plan->region_flags |= REGION_LOCKED;
    plan->deny = object != NULL ? request->deny : 0;
    if (object != NULL && plan->shared && object->ops->dirty_page == NULL)
        plan->deny |= LX_PROT_WRITE;
    plan->kind_error =
        is_of_file(plan) ? object_error(plan) : anonymous_error(request);
    return 0;
}

/* A shared mapping that may be written keeps others from denying that, or has
 * come too late. */
static void claim_write(struct plan *plan)
{
    if (plan->kind_error != 0 || plan->request->object == NULL ||
        !plan->shared || (plan->deny & LX_PROT_WRITE))
        return;
    plan->has_claim = vm_object_claim_write(plan->request->object);
    if (plan->has_claim)
        return;
    plan->deny |= LX_PROT_WRITE;
    if (plan->request->prot & LX_PROT_WRITE)
        plan->kind_error = -EPERM;
}

/* Takes or makes the object: 0 or -ENOMEM. */
static int open_object(struct aspace *as, struct plan *plan)
{
    claim_write(plan);
    plan->object = plan->request->object;
    if (plan->kind_error != 0) {
        plan->object = NULL;
    } else if (plan->object != NULL) {
        vm_object_get(plan->object);
    } else if (plan->shared) {
        return anon_object_create(plan->size / PAGE_SIZE, as->payer,
                                  &plan->object);
    }
    return 0;
}

static int check_exact(struct aspace *as, const struct plan *plan)
    REQUIRES(as->lock)
{
    uaddr_t start = plan->request->addr;

    if (start > HAL_USER_TOP - plan->size)
        return -ENOMEM;
    if (start % PAGE_SIZE != 0)
        return -EINVAL;
    if (start < ASPACE_MIN)
        return -EPERM;
    if (!plan->replace && !region_is_free(as, start, start + plan->size))
        return -EEXIST;
    return 0;
}

bool region_find_room(struct aspace *as, uint64_t size, uaddr_t *out)
{
    return region_find_gap(as, size, ASPACE_MIN, as->mmap_base, out) ||
           region_find_gap(as, size, ASPACE_MIN, HAL_USER_TOP, out);
}

static bool find_room(struct aspace *as, const struct plan *plan, uaddr_t *out)
    REQUIRES(as->lock)
{
    if (plan->request->flags & LX_MAP_32BIT)
        return region_find_gap(as, plan->size, LOW_START, LOW_END, out);
    return region_find_room(as, plan->size, out);
}

/* Sets plan->start. */
static int choose_address(struct aspace *as, struct plan *plan)
    REQUIRES(as->lock)
{
    bool low = (plan->request->flags & LX_MAP_32BIT) != 0;
    uaddr_t top = low ? LOW_END : HAL_USER_TOP;
    uaddr_t hint = round_down(plan->request->addr, PAGE_SIZE);
    int error;

    if (plan->exact) {
        error = check_exact(as, plan);
        if (error == 0)
            plan->start = plan->request->addr;
        return error;
    }
    if (hint != 0) {
        hint = max_u64(hint, ASPACE_MIN);
        if (plan->size <= top && hint <= top - plan->size &&
            region_is_roomy(as, hint, hint + plan->size)) {
            plan->start = hint;
            return 0;
        }
    }
    return find_room(as, plan, &plan->start) ? 0 : -ENOMEM;
}

/* Fills and links a region; takes over the plan's reference to the object. */
static void add_region(struct aspace *as, struct plan *plan,
                       struct region *region) REQUIRES(as->lock)
{
    region->start = plan->start;
    region->end = plan->start + plan->size;
    region->prot = plan->request->prot & PROT_RIGHTS;
    region->deny = plan->deny;
    region->shared = plan->shared;
    region->flags = plan->region_flags;
    region->object = plan->object;
    if (plan->request->object != NULL)
        region->object_index = plan->request->offset / PAGE_SIZE;
    region->amap_index = plan->start / PAGE_SIZE;
    plan->object = NULL;
    region_link(as, region);
    region_merge(as, region);
}

/* Mapped bytes that plan puts something else in place of. */
static uint64_t replaced_bytes(struct aspace *as, const struct plan *plan)
    REQUIRES(as->lock)
{
    const struct region *region = region_find(as, plan->start);
    uaddr_t end = plan->start + plan->size;
    uint64_t size = 0;

    for (; region != NULL && region->start < end; region = region_next(region))
        size += min_u64(region->end, end) - max_u64(region->start, plan->start);
    return size;
}

/* What limits and the kind of mapping say: 0, or an error. */
static int check_limits(struct aspace *as, struct plan *plan) REQUIRES(as->lock)
{
    const struct region kind = {
        .prot = plan->request->prot & PROT_RIGHTS,
        .flags = plan->region_flags,
        .shared = plan->shared,
    };

    if ((plan->request->flags & LX_MAP_LOCKED) && region_lock_limit(as) == 0)
        return -EPERM;
    plan->region_flags |= as->map_flags;
    if ((plan->region_flags & REGION_LOCKED) &&
        !region_may_lock(as, plan->size))
        return -EAGAIN;
    if (plan->kind_error != 0)
        return plan->kind_error;
    if (region_may_add(as, &kind, plan->size) ||
        region_may_add(as, &kind, plan->size - replaced_bytes(as, plan)))
        return 0;
    return -ENOMEM;
}

/* Sets plan->start, unless something stands in the way. */
static int find_place(struct aspace *as, struct plan *plan) REQUIRES(as->lock)
{
    int error;

    if (as->region_count > ASPACE_REGIONS_MAX)
        return -ENOMEM;
    error = choose_address(as, plan);
    return error != 0 ? error : check_limits(as, plan);
}

static int map_locked(struct aspace *as, struct plan *plan,
                      struct list *removed) REQUIRES(as->lock)
{
    struct cut cut;
    struct region *region;
    int error = find_place(as, plan);

    if (error != 0)
        return error;

    cut.start = plan->start;
    cut.end = plan->start + plan->size;
    error = cut_prepare(as, &cut, true);
    if (error != 0)
        goto fini_cut;
    error = -ENOMEM;
    region = region_alloc(as);
    if (region == NULL)
        goto fini_cut;

    if (plan->replace)
        removed_collect(as, &cut, removed);
    add_region(as, plan, region);
    error = 0;
fini_cut:
    cut_fini(&cut);
    return error;
}

static void populate(struct aspace *as, const struct plan *plan)
{
    const unsigned bits = REGION_LOCK_FLAGS;
    const struct region kind = {
        .prot = plan->request->prot & PROT_RIGHTS,
        .shared = plan->shared,
    };
    struct hal_range range = {
        .start = plan->start,
        .count = plan->size / PAGE_SIZE,
    };
    unsigned access = fault_populate_access(&kind);
    unsigned flags = plan->request->flags;

    if ((plan->region_flags & bits) != REGION_LOCKED &&
        (flags & (LX_MAP_POPULATE | LX_MAP_NONBLOCK)) != LX_MAP_POPULATE)
        return;
    if (access != 0)
        (void)fault_populate(as, range, access, 0);
}

int aspace_map(struct aspace *as, const struct map_request *request,
               uaddr_t *out)
{
    struct plan plan = {.start = 0};
    struct list removed;
    int error = read_request(request, &plan);

    if (error != 0)
        return error;
    error = open_object(as, &plan);
    if (error != 0)
        return error;
    list_init(&removed);

    mutex_lock(&as->lock);
    error = map_locked(as, &plan, &removed);
    mutex_unlock(&as->lock);

    removed_free(&removed);
    if (plan.has_claim)
        vm_object_unclaim_write(request->object);
    if (plan.object != NULL)
        vm_object_put(plan.object);
    if (error != 0)
        return error;
    populate(as, &plan);
    *out = plan.start;
    return 0;
}

int aspace_refuse_map(struct aspace *as, const struct map_request *request,
                      int refusal)
{
    struct plan plan = {.refusal = refusal};
    int error = read_request(request, &plan);

    if (error != 0)
        return error;
    mutex_lock(&as->lock);
    error = find_place(as, &plan);
    mutex_unlock(&as->lock);
    ASSERT(error != 0);
    return error;
}
