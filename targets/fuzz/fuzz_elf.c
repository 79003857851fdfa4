/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/fuzz/fuzz_elf.c - any bytes as an executable, held to what elf.h
 * promises of an image. There are no pieces here: the byte of choices makes
 * the file longer than its bytes, as a file is that cannot be read to its end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/proc/elf.h"
#include "hal/mmu.h"
#include "targets/fuzz/fuzz.h"

static size_t read_file(void *arg, uint64_t offset, void *to, size_t size)
{
    const struct unpack_span *file = arg;

    if (offset >= file->size)
        return 0;
    if (size > file->size - offset)
        size = (size_t)(file->size - offset);
    memcpy(to, file->bytes + offset, size);
    return size;
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_image(const struct elf_image *image, uint64_t file_size)
{
    const struct elf_segment *s;
    uint64_t end = 0;
    unsigned i;

    require(image->count > 0 && image->count <= ELF_SEGMENTS_MAX);
    require(image->header_count > 0 && image->header_count <= ELF_HEADERS_MAX);
    require(image->align >= PAGE_SIZE && is_power_of_two(image->align));
    require(memchr(image->interp, '\0', sizeof(image->interp)) != NULL);
    for (i = 0; i < image->count; i++) {
        s = &image->segments[i];
        require(s->size > 0 && s->file_size <= s->size);
        require(s->addr >= end && s->addr < HAL_USER_TOP);
        require(s->size <= HAL_USER_TOP - s->addr);
        require(s->offset <= file_size);
        require(s->file_size <= file_size - s->offset);
        require((s->addr - s->offset) % PAGE_SIZE == 0);
        end = s->addr + s->size;
    }
    require(image->headers < end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_image image;
    struct unpack_span file;
    struct elf_reader reader;
    const char *why = NULL;
    int error;

    if (size == 0)
        return 0;
    file.bytes = data + 1;
    file.size = size - 1;
    reader.read = read_file;
    reader.arg = &file;
    reader.size = file.size + (uint64_t)data[0] * 100;
    error = elf_parse(&reader, &image, &why);
    require(error == 0 || error == -ENOEXEC || error == -EINVAL);
    require((error != 0) == (why != NULL));
    if (error == 0)
        check_image(&image, reader.size);
    return 0;
}
