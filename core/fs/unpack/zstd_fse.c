/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/zstd_fse.c - FSE tables; the contract is in zstd_impl.h.
 */
#include "core/fs/unpack/zstd_impl.h"

/* Bits read forwards, lowest first. Beyond the end they are 0. */
struct forward_bits {
    const uint8_t *bytes;
    size_t size;
    size_t at; /* in bits */
};

/* The next count <= 16 bits. */
static uint32_t peek_forward(const struct forward_bits *b, unsigned count)
{
    size_t byte = b->at / 8, i;
    uint32_t value = 0;

    for (i = 0; i < 3 && byte + i < b->size; i++)
        value |= (uint32_t)b->bytes[byte + i] << (8 * i);
    return value >> b->at % 8 & ((UINT32_C(1) << count) - 1);
}

static uint32_t take_forward(struct forward_bits *b, unsigned count)
{
    uint32_t value = peek_forward(b, count);

    b->at += count;
    return value;
}

/*
 * Takes a value from 0 to max. Where max + 1 is no power of two, the lowest
 * values have one bit less (RFC 8878, 4.1.1).
 */
static uint32_t take_up_to(struct forward_bits *b, uint32_t max)
{
    unsigned bits = zstd_log2(max) + 1;
    uint32_t half = UINT32_C(1) << (bits - 1);
    uint32_t short_values = 2 * half - 1 - max;
    uint32_t value = peek_forward(b, bits);

    if ((value & (half - 1)) < short_values) {
        b->at += bits - 1;
        return value & (half - 1);
    }
    b->at += bits;
    return value < half ? value : value - short_values;
}

/* After a probability of 0: how many more of them follow. */
static unsigned take_zeros(struct forward_bits *b, unsigned max)
{
    unsigned zeros = 0, more;

    do {
        more = take_forward(b, 2);
        zeros += more;
    } while (more == 3 && zeros <= max);
    return zeros;
}

bool zstd_fse_read(struct zstd_table *table, struct unpack_span *from,
                   struct zstd_symbols symbols)
{
    struct forward_bits b = {from->bytes, from->size, 0};
    int16_t probabilities[ZSTD_FSE_SYMBOLS_MAX] = {0};
    unsigned log = take_forward(&b, 4) + 5, count = 0;
    int left = 1 << log, probability;

    if (log > symbols.log_max)
        return false;
    while (left > 0) {
        if (count >= symbols.count)
            return false;
        probability = (int)take_up_to(&b, (uint32_t)left + 1) - 1;
        probabilities[count++] = (int16_t)probability;
        left -= probability < 0 ? 1 : probability;
        if (probability == 0)
            count += take_zeros(&b, symbols.count);
    }
    if (count > symbols.count || b.at > b.size * 8)
        return false;
    (void)zstd_span_take(from, (b.at + 7) / 8);
    zstd_fse_build(table, log, probabilities, count);
    return true;
}

/* Gives each symbol its states, by stepping through the table; the rare ones
 * sit at its end. */
static void spread_symbols(struct zstd_table *table,
                           const int16_t *probabilities, unsigned count)
{
    uint32_t size = UINT32_C(1) << table->log, mask = size - 1;
    uint32_t step = (size >> 1) + (size >> 3) + 3;
    uint32_t end = size, at = 0, symbol;
    int i;

    for (symbol = 0; symbol < count; symbol++)
        if (probabilities[symbol] < 0)
            table->cells[--end].value = symbol;
    for (symbol = 0; symbol < count; symbol++) {
        for (i = 0; i < probabilities[symbol]; i++) {
            table->cells[at].value = symbol;
            do
                at = (at + step) & mask;
            while (at >= end);
        }
    }
    ASSERT(at == 0);
}

void zstd_fse_build(struct zstd_table *table, unsigned log,
                    const int16_t *probabilities, unsigned count)
{
    uint32_t size = UINT32_C(1) << log, symbol, i, state;
    uint16_t next[ZSTD_FSE_SYMBOLS_MAX];
    struct zstd_cell *cell;
    unsigned bits;

    ASSERT(log <= ZSTD_FSE_LOG_MAX && count <= ZSTD_FSE_SYMBOLS_MAX);
    table->log = log;
    table->valid = true;
    spread_symbols(table, probabilities, count);
    for (symbol = 0; symbol < count; symbol++)
        next[symbol] =
            probabilities[symbol] < 0 ? 1 : (uint16_t)probabilities[symbol];
    for (i = 0; i < size; i++) {
        cell = &table->cells[i];
        state = next[cell->value]++;
        bits = log - zstd_log2(state);
        cell->next_bits = (uint8_t)bits;
        cell->next = (uint16_t)((state << bits) - size);
        cell->extra_bits = 0;
    }
}
