# SPDX-License-Identifier: Apache-2.0
"""What a person does at a shell: the steps of interactive.py.

Each step_ and world_ function begins and ends at the prompt; world_ ones are
not for every world.
"""
from terminal import Terminal

UP, DOWN, RIGHT, LEFT = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D"
CTRL_A = b"\x01\x01"  # the first one is the kernel's, as QEMU's; host: at
# the beginning of a line one more does nothing
CTRL_A_X = b"\x01x"
CTRL_C, CTRL_D, CTRL_E, CTRL_K = b"\x03", b"\x04", b"\x05", b"\x0b"
CTRL_U, CTRL_W, CTRL_Z = b"\x15", b"\x17", b"\x1a"
BACKSPACE, DELETE, ESC, ENTER, TAB = b"\x7f", b"\x1b[3~", b"\x1b", b"\r", b"\t"
PROMPT = rb"ready> "
SET_PROMPT = b"PS1='re''ady> '" + ENTER
QUIET_S = 0.3  # so long nothing comes: all is printed
# Tells when a program runs, in front of it.
TELLER = "/tmp/go"
MAKE_TELLER = ("printf '#!/bin/sh\\necho run''ning\\nexec \"$@\"\\n' > "
               f"{TELLER}; chmod 755 {TELLER}")
TOLD = rb"running\r\n"
# Tells when it runs, and whenever it is continued: by the shell, which has
# given it the terminal by then if it is to be in the foreground.
TIRELESS = "/tmp/on"
MAKE_TIRELESS = ("printf '#!/bin/sh\\ntrap \"echo conti\"\"nued\" CONT\\n"
                 "echo run\"\"ning\\nwhile :; do sleep 0.1; done\\n' > "
                 f"{TIRELESS}; chmod 755 {TIRELESS}")
CONTINUED = rb"continued\r\n"
# Waits until the shell's last job is stopped.
STOPPED = "until grep -q '^State:.*T' /proc/$!/status; do sleep 0.05; done"


class Person:
    """Somebody at a shell that shows PROMPT."""

    def __init__(self, command, limit):
        self.terminal = Terminal(command, limit)
        self.type, self.expect = self.terminal.type, self.terminal.expect
        self.expect(rb"[#$] $")
        self.type(SET_PROMPT)
        self.prompt()
        self.enter(MAKE_TELLER)

    def prompt(self):
        self.expect(PROMPT)

    def enter(self, *keys):
        """Presses keys one after the other, as fast as a script does, and
        enter; returns when there is a prompt again."""
        self.press(*keys, ENTER)
        self.prompt()

    def press(self, *keys):
        for key in keys:
            self.type(key)

    def start(self, line):
        """Starts a program that reads, by TELLER; returns when it runs. What
        is typed while the shell changes the terminal's mode may get lost, as
        on any Linux."""
        self.press(line, ENTER)
        self.expect(TOLD)

    def answers(self, answer, *keys):
        """A line whose output is this one."""
        self.press(*keys, ENTER)
        self.expect(rb"\n" + answer + rb"\r\n")
        self.prompt()


def step_commands(me):
    me.answers(b"42", "echo $((6 * 7))")
    me.answers(b"1", "false; echo $?")
    me.enter("nosuchcommand")
    me.answers(b"127", "echo $?")


def step_editing(me):
    me.answers(b"1-2-3", "echo 1-3", LEFT, "2-")
    me.answers(b"abc", "echo abX", BACKSPACE, "c")
    me.answers(b"ab", "echo aXb", LEFT, LEFT, DELETE)
    me.answers(b"word", "cho word", CTRL_A, "e")
    me.answers(b"x yz", "cho x", CTRL_A, "e", CTRL_E, " yz")
    me.answers(b"one three", "echo one two", CTRL_W, "three")
    me.answers(b"clean", "garbage | more garbage", CTRL_U, "echo clean")
    me.answers(b"kept", "echo kept gone", *[LEFT] * 5, CTRL_K)
    me.answers(b"left right", "echo left", RIGHT, " right")
    me.enter("echo never", CTRL_C)  # a line that is given up


def step_history(me):
    me.answers(b"first1", "echo first$((1))")
    me.answers(b"second2", "echo second$((2))")
    me.answers(b"first1", UP, UP)
    me.answers(b"first1", UP, UP, DOWN)
    me.answers(b"second2", UP, UP)
    me.answers(b"first1x", UP, UP, "x")


def step_completion(me):
    me.enter("mkdir -p /tmp/tab && cd /tmp/tab && touch longfilename other1 "
             "other2")
    me.answers(b"longfilename", "echo lon", TAB)
    me.answers(b"other1 other2", "echo oth", TAB, "1 oth", TAB, "2")
    me.press("ls oth", TAB, TAB)
    me.expect(rb"other1 +other2")
    me.enter(CTRL_U)
    me.answers(b"hostname", "basename /etc/hostn", TAB)
    me.press("mkfi", TAB)
    me.expect(rb"mkfifo ")
    me.enter(CTRL_U, "cd")


def step_interrupt(me):
    me.start(f"{TELLER} sleep 100")
    me.press(CTRL_C)
    me.prompt()
    me.answers(b"130", "echo $?")
    # cat, which calls sendfile(2), would wait for more here on Linux 6.18.
    me.enter("each() { while read -r x; do echo $x; done; }")
    me.start(f"each | {TELLER} cat")
    me.press("line", ENTER)
    me.expect(rb"line\r\nline\r\n")
    me.press(CTRL_C)
    me.prompt()
    # Not in the shell itself: BusyBox leaves fflush() by longjmp() then, and
    # may wait for its own lock ever after, on Linux too.
    me.start(f"{TELLER} sh -c 'while :; do :; done'")
    me.press(CTRL_C)
    me.prompt()
    me.start(f"{TELLER} sleep 100")
    me.press(b"\x1c")
    me.prompt()
    me.answers(b"131", "echo $?")


def step_jobs(me):
    me.enter(MAKE_TIRELESS)
    me.start(TIRELESS)
    me.press(CTRL_Z)
    me.expect(rb"\[1\]\+\s+Stopped\s+/tmp/on\r\n")
    me.prompt()
    me.press("jobs", ENTER)
    me.expect(rb"\[1\]\+\s+Stopped\s+/tmp/on\r\n")
    me.prompt()
    me.press("bg", ENTER)
    me.expect(rb"\[1\] /tmp/on\r\n", PROMPT, CONTINUED)
    me.press("jobs", ENTER)
    me.expect(rb"\[1\]\+\s+Running\s+/tmp/on\r\n")
    me.prompt()
    me.press("fg", ENTER)
    me.expect(rb"/tmp/on\r\n", CONTINUED)
    me.press(CTRL_C)
    me.prompt()
    me.press("jobs; echo none", ENTER)
    me.expect(rb"jobs; echo none\r\nnone\r\n")
    me.prompt()
    me.start(f"{TELLER} cat")
    me.press("before", ENTER)
    me.expect(rb"before\r\nbefore\r\n")
    me.press(CTRL_Z)
    me.expect(rb"Stopped")
    me.prompt()
    me.press("fg", ENTER)
    me.expect(rb"cat\r\n")
    me.press("after", ENTER)
    me.expect(rb"after\r\nafter\r\n")
    me.press(CTRL_D)
    me.prompt()
    # Who reads from the background is stopped.
    me.press(f"cat & {STOPPED}", ENTER)
    me.expect(rb"Stopped \(tty input\)\s+cat\r\n")
    me.prompt()
    me.enter("kill %1; fg")
    me.answers(b"143", "echo $?")
    me.press(f"stty tostop; echo never & {STOPPED}", ENTER)
    me.expect(rb"Stopped \(tty output\)\s+echo never\r\n")
    me.prompt()
    me.enter("stty -tostop; kill -9 %1; wait")


def step_end_of_file(me):
    me.start(f"{TELLER} cat")
    me.press("some text", ENTER)
    me.expect(rb"some text\r\nsome text\r\n")
    me.press("half", CTRL_D)
    me.expect(rb"halfhalf")
    me.press(CTRL_D)
    me.prompt()
    me.press("sh", ENTER)
    me.expect(rb"# |ready> ")
    me.press(CTRL_D)
    me.prompt()
    me.answers(b"back", "echo back")


def insert(me, command, *keys):
    """In vi: types text after a command, then ESC, which is none when more
    comes before vi has seen that nothing does."""
    me.press(command)
    me.expect(rb"I /tmp/edited")
    me.press(*keys, ESC)
    me.expect(rb"- /tmp/edited")


def step_vi(me):
    me.press("vi /tmp/edited", ENTER)
    me.expect(rb"- /tmp/edited")
    insert(me, "i", "first line", ENTER, "second lime", BACKSPACE, BACKSPACE,
           "ne")
    me.press("yyp")               # the line again,
    me.press(UP, "x")             # one letter less,
    insert(me, "ggO", "top")      # one above
    me.press(":%s/first/1st/", ENTER, ":wq", ENTER)
    me.prompt()
    me.press("cat /tmp/edited", ENTER)
    me.expect(rb"\ntop\r\n1st line\r\n(.*)\r\nsecond line\r\n")
    me.prompt()
    me.answers(b"4 /tmp/edited", "wc -l /tmp/edited")
    me.press("vi /tmp/edited", ENTER)
    me.expect(rb"top", rb"- /tmp/edited")
    me.press("dd:q!", ENTER)
    me.prompt()
    me.answers(b"4 /tmp/edited", "wc -l /tmp/edited")


def step_less(me):
    me.enter("seq 1 300 > /tmp/numbers")
    me.press("less /tmp/numbers", ENTER)
    me.expect(rb"1\r\n2\r\n(.*\r\n)*23\r\n")
    me.press(" ")
    me.expect(rb"\n4[56]\r\n")
    me.press("G")
    me.expect(rb"\n300\r\n")
    me.press("g")
    me.expect(rb"1\r\n2\r\n")
    me.terminal.settle(QUIET_S)
    me.press("/222", ENTER)
    me.expect(rb"222\r\n223\r\n")
    me.press("q")
    me.prompt()
    me.press("seq 1 300 | more", ENTER)
    me.expect(rb"--More--")
    me.press(" ")
    me.expect(rb"\n4[0-9]\r\n")
    me.press("q")
    me.prompt()
    me.answers(b"still here", "echo still here")


def step_programs(me):
    me.enter("stty -echo")
    me.press("echo silent", ENTER)
    me.expect(rb"silent\r\n")
    me.prompt()
    me.enter("stty sane")
    me.press("top", ENTER)
    me.expect(rb"(?s)Mem: .*PID +PPID.* top\r")
    me.press("q")
    me.prompt()
    me.press("read -s -n 3 x; echo; echo got-$x", ENTER)
    me.expect(rb"\r\n")
    me.terminal.settle(QUIET_S)
    me.press("abc")
    me.expect(rb"\ngot-abc\r\n")
    me.prompt()
    me.press("read -t 0.2 x; echo status-$?", ENTER)
    me.expect(rb"\nstatus-[1-9]\d*\r\n")
    me.prompt()


def world_console(me):
    me.answers(b"/dev/console", "tty")
    me.answers(b"0", "echo > /dev/tty; echo $?")


def world_resized(me):
    me.answers(b"24 80", "stty size")
    me.start("sh -c 'trap \"stty size\" WINCH; echo run\"\"ning; "
             "while :; do sleep 0.1; done'")
    me.terminal.resize(33, 101)
    me.expect(rb"33 101\r\n")
    me.press(CTRL_C)
    me.prompt()
    me.answers(b"33 101", "stty size")
    me.press("vi /tmp/new", ENTER)
    me.expect(rb"- /tmp/new")
    me.terminal.resize(20, 60)
    me.expect(rb"- /tmp/new")
    me.press(":q!", ENTER)
    me.prompt()
    me.answers(b"20 60", "stty size")


STEPS = {name.partition("_")[2]: function
         for name, function in sorted(globals().items())
         if name.startswith("step_")}
