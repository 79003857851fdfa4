/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/anon.c - objects without a file: MAP_SHARED | MAP_ANONYMOUS.
 *
 * The pages lie in an amap of the object's own, under the object's lock.
 */
#include "core/abi/errno.h"
#include "core/mem/cache.h"
#include "core/vm/look.h"
#include "core/vm/region.h"
#include "hal/check.h"

struct anon_object {
    struct vm_object object;
    struct amap *pages GUARDED_BY(object.lock);
    uint64_t page_count;       /* const; the size */
    struct mem_account *payer; /* const */
};

static struct mem_cache anon_cache;
static uint64_t shared_count; /* pages of all such objects; atomic */

static void count_pages(uint64_t change)
{
    __atomic_fetch_add(&shared_count, change, __ATOMIC_RELAXED);
}

uint64_t anon_shared_count(void)
{
    return __atomic_load_n(&shared_count, __ATOMIC_RELAXED);
}

void anon_init_all(void)
{
    cache_init(&anon_cache, "anon_object", sizeof(struct anon_object), 8);
}

static struct anon_object *anon_of(struct vm_object *object)
{
    return container_of(object, struct anon_object, object);
}

/* A new page, zero, in its slot. */
static int add_page(struct anon_object *anon, uint64_t index, struct page **out)
{
    struct page *page = page_alloc(0, fault_how() | MEM_ZERO, anon->payer);
    int error;

    if (page == NULL)
        return -ENOMEM;
    hal_check_poison(page_data(page), PAGE_SIZE);
    error = amap_insert(anon->pages, index, page);
    if (error != 0) {
        page_put(page);
        return error;
    }
    count_pages(1);
    *out = page;
    return 0;
}

static int anon_get_page(struct vm_object *object, uint64_t index,
                         struct page **out)
{
    struct anon_object *anon = anon_of(object);
    struct page *page;
    int error = 0;

    if (index >= anon->page_count)
        return -ENXIO;
    mutex_lock(&object->lock);
    page = amap_find(anon->pages, index);
    if (page == NULL)
        error = add_page(anon, index, &page);
    if (error == 0) {
        page_get(page);
        *out = page;
    }
    mutex_unlock(&object->lock);
    return error;
}

static int anon_dirty_page(struct vm_object *object, uint64_t index,
                           struct page *page)
{
    (void)object;
    (void)index;
    (void)page;
    return 0; /* it has no other home */
}

static void anon_find_pages(struct vm_object *object, uint64_t index,
                            struct page **out, size_t count)
{
    struct anon_object *anon = anon_of(object);

    mutex_lock(&object->lock);
    for (size_t i = 0; i < count; i++) {
        out[i] = amap_find(anon->pages, index + i);
        if (out[i] != NULL)
            page_get(out[i]);
    }
    mutex_unlock(&object->lock);
}

/* Takes the first page from *index on out of the object; NULL: none before
 * end. */
static struct page *take_page(struct anon_object *anon, uint64_t *index,
                              uint64_t end)
{
    struct page *page;

    mutex_lock(&anon->object.lock);
    page = amap_next(anon->pages, index, end);
    if (page != NULL) {
        page_get(page);
        count_pages(0 - amap_clear(anon->pages, *index, 1));
    }
    mutex_unlock(&anon->object.lock);
    return page;
}

static int anon_remove_pages(struct vm_object *object, uint64_t index,
                             uint64_t count)
{
    uint64_t end = index + count;
    struct page *page;

    vm_object_begin_removal(object);
    for (; (page = take_page(anon_of(object), &index, end)) != NULL; index++) {
        vm_object_unmap_page(object, index, page);
        page_put(page);
    }
    vm_object_end_removal(object);
    return 0;
}

static void anon_release(struct vm_object *object)
{
    struct anon_object *anon = anon_of(object);

    count_pages(0 - anon->pages->page_count);
    amap_put(anon->pages);
    mem_free(&anon_cache, anon);
}

static const struct vm_pager_ops anon_pager_ops = {
    .get_page = anon_get_page,
    .find_pages = anon_find_pages,
    .dirty_page = anon_dirty_page,
    .remove_pages = anon_remove_pages,
    .release = anon_release,
};

int anon_object_create(uint64_t page_count, struct mem_account *payer,
                       struct vm_object **out)
{
    struct anon_object *anon =
        mem_alloc(&anon_cache, MEM_WAIT | MEM_ZERO, payer);
    int error;

    if (anon == NULL)
        return -ENOMEM;
    error = amap_create(payer, &anon->pages);
    if (error != 0) {
        mem_free(&anon_cache, anon);
        return error;
    }
    vm_object_init(&anon->object, &anon_pager_ops);
    anon->page_count = page_count;
    anon->payer = payer;
    *out = &anon->object;
    return 0;
}

uint64_t anon_object_count(struct vm_object *object, uint64_t index,
                           uint64_t count)
{
    uint64_t found;

    if (object->ops != &anon_pager_ops)
        return 0;
    mutex_lock(&object->lock);
    found = amap_count(anon_of(object)->pages, index, count);
    mutex_unlock(&object->lock);
    return found;
}
