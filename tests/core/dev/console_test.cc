// SPDX-License-Identifier: Apache-2.0
//
// tests/core/dev/console_test.cc - core/dev/console_stream.h and
// core/dev/console.h. A machine has one of each, so every test is a machine of
// its own; what does not hold there is a line of its log.
#include <deque>
#include <string>

#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/abi/poll.h"
#include "core/base/log.h"
#include "core/dev/console.h"
#include "core/dev/console_stream.h"
#include "core/sched/worker.h"
#include "core/sync/percpu.h"
#include "hal/irq.h"
#include "tests/core/dev/terminal.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

namespace {

using kthread::kMs;

void Check(int line, const std::string &want, const std::string &got)
{
    if (want != got)
        log_error("line %d failed: \"%s\", not \"%s\"", line, got.c_str(),
                  want.c_str());
}

void Check(int line, int64_t want, int64_t got)
{
    Check(line, std::to_string(want), std::to_string(got));
}

#define CHECK_IS(want, got) Check(__LINE__, want, got)

void ExpectChild(const char *name)
{
    harness::Ending ending = harness::run_child(name);

    EXPECT_EQ(0, ending.status) << ending.log;
    EXPECT_EQ(std::string::npos, ending.log.find("failed")) << ending.log;
    EXPECT_NE(std::string::npos, ending.log.find("at its end")) << ending.log;
}

void SayEnd()
{
    log_error("at its end");
}

void CallReady(void (*ready)(void *arg), void *arg)
{
    unsigned saved = hal_irq_save();

    cpu_enter_interrupt();
    ready(arg);
    cpu_leave_interrupt();
    hal_irq_restore(saved);
}

// --- streams ----------------------------------------------------------------

// A device with input as it is told, which takes so many bytes at once.
struct Device {
    explicit Device(const char *name)
    {
        backend = {name, Write, Read, Window, IsDrained, Attach, {}};
        console_backend_register(&backend);
    }
    static Device *Of(console_backend *backend)
    {
        return container_of(backend, Device, backend);
    }
    static int Write(console_backend *backend, const void *data, size_t size)
    {
        Device *self = Of(backend);
        int taken = std::min(int(size), self->room);

        self->writes++;
        if (taken > 0)
            self->written.append(static_cast<const char *>(data),
                                 size_t(taken));
        return taken;
    }
    static int Read(console_backend *backend, void *data, size_t size)
    {
        Device *self = Of(backend);
        std::string part;

        self->reads++;
        if (self->input.empty())
            return self->when_empty;
        part = self->input.front().substr(0, size);
        self->input.pop_front();
        std::copy(part.begin(), part.end(), static_cast<char *>(data));
        return int(part.size());
    }
    static bool Window(console_backend *, lx_winsize *out)
    {
        *out = {7, 8, 0, 0};
        return true;
    }
    static bool IsDrained(console_backend *backend)
    {
        return Of(backend)->drained_at <= hal_clock_now();
    }
    static void Attach(console_backend *backend, void (*ready)(void *), void *)
    {
        Of(backend)->ready = ready;
    }

    console_backend backend;
    int room = 1 << 20, when_empty = 0;
    std::string written;
    std::deque<std::string> input;
    unsigned reads = 0, writes = 0;
    uint64_t drained_at = 0;
    void (*ready)(void *) = nullptr;
};

int Write(hal_stream stream, const std::string &bytes)
{
    return console_stream_write(stream, bytes.data(), bytes.size());
}

// A read's bytes; the number of another result.
std::string Read(size_t size = 100)
{
    std::string bytes(size, '\0');
    int got = console_stream_read(bytes.data(), size);

    return got > 0 ? bytes.substr(0, size_t(got)) : std::to_string(got);
}

CHILD(StreamPair)
{
    static Device zero("dev0"), one("dev1"), other("odd");
    lx_winsize window = {};

    for (const char *name : {"", "dev", "dev2", "dev00", "longer-than-a-name"})
        CHECK_IS(false, console_stream_select(name));
    CHECK_IS(true, console_stream_select("dev0"));
    CHECK_IS(3, Write(HAL_STREAM_OUT, "out"));
    CHECK_IS(3, Write(HAL_STREAM_ERR, "err"));
    CHECK_IS("out", zero.written);
    CHECK_IS("err", one.written);
    zero.room = 2;
    CHECK_IS(2, Write(HAL_STREAM_OUT, "more"));
    zero.room = 0;
    CHECK_IS(0, Write(HAL_STREAM_OUT, "re"));
    CHECK_IS("outmo", zero.written);
    CHECK_IS(true, console_stream_window(&window));
    CHECK_IS(8, window.ws_col);
    CHECK_IS("0", Read());
    zero.input = {"abc"};
    one.input = {"no"};
    CHECK_IS("abc", Read());
    CHECK_IS(0, one.reads);
    console_stream_attach([](void *) {}, nullptr);
    CHECK_IS(true, zero.ready != nullptr);
    CHECK_IS(true, one.ready != nullptr);
    CHECK_IS(true, other.ready == nullptr);
    SayEnd();
}

TEST(ConsoleStream, ADeviceAndItsNeighbour)
{
    ExpectChild("StreamPair");
}

CHILD(StreamSingle)
{
    static Device single("dev7");

    CHECK_IS(true, console_stream_select("dev7"));
    CHECK_IS(3, Write(HAL_STREAM_OUT, "out"));
    CHECK_IS(3, Write(HAL_STREAM_ERR, "err"));
    CHECK_IS("outerr", single.written);
    SayEnd();
}

TEST(ConsoleStream, ADeviceAlone)
{
    ExpectChild("StreamSingle");
}

CHILD(StreamFraming)
{
    static Device device("dev0");

    CHECK_IS(true, console_stream_select("dev0"));
    device.input = {"a\x10\x10z", "\x10", "\x10tail", "\x10", "x\x04y"};
    CHECK_IS("a\x10z", Read());
    CHECK_IS("\x10tail", Read()); // looked again, as there were no bytes
    CHECK_IS("x\x04y", Read());   // neither DLE nor EOT: themselves
    CHECK_IS("0", Read());
    device.input = {"last\x10\x04lost"};
    CHECK_IS("last", Read());
    device.input = {"never"};
    for (int i = 0; i < 3; i++)
        CHECK_IS(std::to_string(HAL_CONSOLE_END), Read());
    CHECK_IS(1, device.input.size());
    SayEnd();
}

TEST(ConsoleStream, Framing)
{
    ExpectChild("StreamFraming");
}

CHILD(StreamBroken)
{
    static Device zero("dev0"), one("dev1");

    CHECK_IS(true, console_stream_select("dev0"));
    one.room = -EIO;
    CHECK_IS(5, Write(HAL_STREAM_ERR, "later"));
    CHECK_IS(1, one.writes);
    one.room = 100;
    CHECK_IS(5, Write(HAL_STREAM_ERR, "again"));
    CHECK_IS(1, one.writes);
    CHECK_IS(3, Write(HAL_STREAM_OUT, "out"));
    CHECK_IS("out", zero.written);
    zero.when_empty = -EIO;
    (void)Read(); // what the HAL has
    zero.input = {"never"};
    (void)Read();
    CHECK_IS(1, zero.reads);
    SayEnd();
}

TEST(ConsoleStream, BrokenDevicesAreLeft)
{
    ExpectChild("StreamBroken");
}

CHILD(StreamDrain)
{
    static Device zero("dev0"), one("dev1");
    uint64_t start = hal_clock_now();

    CHECK_IS(true, console_stream_select("dev0"));
    one.drained_at = start + 20 * kMs;
    console_stream_drain(3600000 * kMs);
    CHECK_IS(true, hal_clock_now() >= start + 20 * kMs);
    CHECK_IS(true, hal_clock_now() < start + 3600000 * kMs);
    zero.drained_at = UINT64_MAX;
    start = hal_clock_now();
    console_stream_drain(10 * kMs);
    CHECK_IS(true, hal_clock_now() >= start + 10 * kMs);
    SayEnd();
}

TEST(ConsoleStream, Drains)
{
    ExpectChild("StreamDrain");
}

// --- the terminal -----------------------------------------------------------

struct Port {
    std::string input, output;
    bool ended = false, has_window = false;
    int room = 1 << 20; // what it takes at once; below 0: an error
    lx_winsize size = {};
    void (*ready)(void *) = nullptr;
    void *ready_arg = nullptr;
} port;

int ReadPort(void *to, size_t size)
{
    size_t part = std::min(size, port.input.size());

    if (part == 0)
        return port.ended ? CONSOLE_PORT_END : 0;
    std::copy_n(port.input.begin(), part, static_cast<char *>(to));
    port.input.erase(0, part);
    return int(part);
}

int WritePort(const void *from, size_t size)
{
    int taken = std::min(int(size), port.room);

    if (taken <= 0)
        return taken;
    port.output.append(static_cast<const char *>(from), size_t(taken));
    port.room -= taken;
    return taken;
}

bool PortWindow(lx_winsize *out)
{
    *out = port.size;
    return port.has_window;
}

void AttachPort(void (*ready)(void *), void *arg)
{
    port.ready = ready;
    port.ready_arg = arg;
}

const console_port kPort = {ReadPort, WritePort, PortWindow, AttachPort, 4, 64};

// Input, room or a size has come, and the worker has seen to it.
void Ready()
{
    CallReady(port.ready, port.ready_arg);
    worker_flush(0);
}

tty *Start()
{
    terminal::Jobs::Install();
    CHECK_IS(true, console_tty() == nullptr);
    console_tty_drain(0); // nothing to drain
    console_tty_start(&kPort);
    return console_tty();
}

void Put(tty *tty, const std::string &bytes)
{
    size_t done = tty_write(
        tty, reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());

    CHECK_IS(int64_t(bytes.size()), int64_t(done));
    tty_push(tty);
}

// A program's read; "none".
std::string Get(tty *tty, size_t size = 4096)
{
    std::string bytes(size, '\0');
    ldisc_view view;

    if (!tty_peek(tty, reinterpret_cast<uint8_t *>(bytes.data()), size, &view))
        return "none";
    tty_take(tty, &view, view.spent);
    return bytes.substr(0, view.size);
}

void Change(tty *tty, uint32_t local_off, uint32_t input_on, uint32_t input_off)
{
    lx_termios2 t;

    tty_get_termios(tty, &t);
    t.c_lflag &= ~local_off;
    t.c_iflag = (t.c_iflag | input_on) & ~input_off;
    t.c_cc[LX_VMIN] = 1;
    tty_set_termios(tty, &t);
}

CHILD(ConsoleLines)
{
    tty *tty = Start();

    CHECK_IS(4, tty->major);
    CHECK_IS(64, tty->minor);
    Put(tty, "prompt\n");
    CHECK_IS("prompt\r\n", port.output);
    port.input = "line\n";
    Ready();
    CHECK_IS("line\n", Get(tty));
    CHECK_IS("prompt\r\nline\r\n", port.output); // the echo
    SayEnd();
}

TEST(Console, LinesGoThrough)
{
    ExpectChild("ConsoleLines");
}

CHILD(ConsoleBusy)
{
    tty *tty = Start();
    uint64_t start = hal_clock_now();

    port.room = 3;
    Put(tty, "abcdef");
    CHECK_IS("abc", port.output);
    CHECK_IS(true, tty_has_output(tty));
    console_tty_drain(5 * kMs);
    CHECK_IS(true, hal_clock_now() >= start + 5 * kMs);
    Ready(); // in vain
    CHECK_IS("abc", port.output);
    port.room = 2;
    Ready();
    CHECK_IS("abcde", port.output);
    Put(tty, "g");
    port.room = 100;
    Ready();
    CHECK_IS("abcdefg", port.output);
    CHECK_IS(false, tty_has_output(tty));
    console_tty_drain(UINT64_C(1) << 40); // at once
    port.room = -EIO;                     // dropped, and nobody waits for it
    Put(tty, "lost");
    CHECK_IS(false, tty_has_output(tty));
    CHECK_IS("abcdefg", port.output);
    SayEnd();
}

TEST(Console, ABusyPortLosesNothing)
{
    ExpectChild("ConsoleBusy");
}

CHILD(ConsoleFull)
{
    tty *tty = Start();
    std::string sent, got, part;

    Change(tty, LX_ICANON | LX_ECHO | LX_ISIG, LX_IXOFF,
           LX_IXON | LX_ICRNL | LX_IMAXBEL);
    for (int i = 0; i < 20000; i++)
        sent += char('a' + i % 26);
    port.input = sent;
    Ready();
    CHECK_IS(true, !port.input.empty()); // more than there is room for
    CHECK_IS("\x13", port.output);       // the other side is to pause
    for (int i = 0; i < 200 && (part = Get(tty, 1000)) != "none"; i++) {
        got += part;
        worker_flush(0); // room was told of by the terminal itself
    }
    CHECK_IS(int64_t(sent.size()), int64_t(got.size()));
    CHECK_IS(true, sent == got);
    CHECK_IS(0x13, port.output[0]);
    CHECK_IS(0x11, port.output[port.output.size() - 1]);
    SayEnd();
}

TEST(Console, AFullQueueLosesNothing)
{
    ExpectChild("ConsoleFull");
}

CHILD(ConsoleWindow)
{
    lx_winsize window;
    tty *tty;

    port.has_window = true;
    port.size = {25, 80, 0, 0};
    tty = Start();
    tty_get_window(tty, &window);
    CHECK_IS(80, window.ws_col);
    port.size.ws_col = 132;
    Ready();
    tty_get_window(tty, &window);
    CHECK_IS(132, window.ws_col);
    port.has_window = false;
    port.size.ws_col = 1;
    Ready();
    tty_get_window(tty, &window);
    CHECK_IS(132, window.ws_col);
    SayEnd();
}

TEST(Console, TheWindowFollowsThePort)
{
    ExpectChild("ConsoleWindow");
}

CHILD(ConsoleEnd)
{
    tty *tty = Start();
    unsigned hangups = 0;

    CHECK_IS(0, tty_open(tty, &hangups));
    port.input = "rest\n";
    Ready();
    CHECK_IS(false, tty_is_gone(tty, hangups));
    port.ended = true;
    Ready();
    CHECK_IS(true, tty_is_gone(tty, hangups));
    CHECK_IS(1, terminal::Jobs::Get().detached);
    Ready(); // once
    CHECK_IS(1, terminal::Jobs::Get().detached);
    tty_close(tty);
    SayEnd();
}

TEST(Console, TheEndOfInputHangsUp)
{
    ExpectChild("ConsoleEnd");
}

} // namespace
