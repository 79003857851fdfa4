/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/vdso.c - contract in vdso.h.
 */
#include "core/proc/vdso.h"

#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/base/string.h"
#include "core/mem/page.h"
#include "core/vm/aspace.h"
#include "core/vm/object.h"
#include "hal/clock.h"

enum { PAGES_MAX = 4, DATA_PAGE = 0, IMAGE_PAGE = 1 };

/* Constant after vdso_init_all(). */
static struct {
    struct vm_object object;
    struct page *pages[PAGES_MAX]; /* the data, then the image */
    uint64_t count;
} vdso;

static int get_vdso_page(struct vm_object *object, uint64_t index,
                         struct page **out)
{
    ASSERT(object == &vdso.object);
    if (index >= vdso.count)
        return -ENXIO;
    page_get(vdso.pages[index]);
    *out = vdso.pages[index];
    return 0;
}

static void find_vdso_pages(struct vm_object *object, uint64_t index,
                            struct page **out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = NULL;
        if (index + i < vdso.count)
            (void)!get_vdso_page(object, index + i, &out[i]);
    }
}

static const struct vm_pager_ops vdso_pager_ops = {
    .get_page = get_vdso_page,
    .find_pages = find_vdso_pages,
};

static int add_page(void)
{
    struct page *page = page_alloc(0, MEM_WAIT | MEM_ZERO, NULL);

    if (page == NULL)
        return -ENOMEM;
    vdso.pages[vdso.count++] = page;
    return 0;
}

/* The image comes from the machine, so its size is no one's mistake. */
static int copy_image(const uint8_t *image, size_t size)
{
    ASSERT(size <= (PAGES_MAX - IMAGE_PAGE) * (size_t)PAGE_SIZE);
    for (size_t done = 0; done < size; done += PAGE_SIZE) {
        int error = add_page();

        if (error != 0)
            return error;
        mem_copy(page_data(vdso.pages[vdso.count - 1]), image + done,
                 min_size(size - done, PAGE_SIZE));
    }
    return 0;
}

int vdso_init_all(void)
{
    const uint8_t *image;
    size_t size = 0;
    int error;

    vm_object_init(&vdso.object, &vdso_pager_ops);
    error = add_page();
    if (error != 0)
        return error;
    image = hal_clock_vdso(page_data(vdso.pages[DATA_PAGE]), &size);
    return copy_image(image, size);
}

int vdso_map(struct aspace *as, uaddr_t *image)
{
    struct map_request all = {
        .size = vdso.count * PAGE_SIZE,
        .prot = LX_PROT_READ | LX_PROT_EXEC,
        .flags = LX_MAP_PRIVATE,
        .object = &vdso.object,
    };
    struct map_request data = {
        .size = PAGE_SIZE,
        .prot = LX_PROT_READ,
        .flags = LX_MAP_PRIVATE | LX_MAP_FIXED,
        .object = &vdso.object,
        .deny = LX_PROT_WRITE | LX_PROT_EXEC,
    };
    uaddr_t at;
    int error = aspace_map(as, &all, &at);

    if (error != 0)
        return error;
    data.addr = at;
    error = aspace_map(as, &data, &at);
    if (error == 0)
        *image = at + IMAGE_PAGE * (uint64_t)PAGE_SIZE;
    return error;
}
