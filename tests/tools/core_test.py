#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/check_core.py finds each breach of core's boundary."""
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scratch import ScratchTest  # noqa: E402

TOOL = "check_core.py"
TYPES = "#include <stdint.h>\n#include <stddef.h>\n"


class Text(ScratchTest):
    def found(self, code, text, name="core/base/a.c"):
        self.write_c(name, code)
        self.assert_found(TOOL, text, "--no-tree")

    def test_allowed_conditions(self):
        self.write_c("core/base/a.h", "#ifndef CORE_A_H\n#define CORE_A_H\n"
                     "#ifdef __cplusplus\n#endif\n#if CHECKED\n#endif\n"
                     "#if defined(__clang__) && !defined(__cplusplus)\n"
                     "#endif\n#endif\n")
        self.assert_clean(TOOL, "--no-tree")

    def test_world(self):
        self.found("#if HOSTED\n#endif\n", "a.c:5: #if on HOSTED")

    def test_machine(self):
        self.found("#ifdef __x86_64__\n#endif\n", "#ifdef on __x86_64__")

    def test_other_branch(self):
        self.found("#if CHECKED\n#elif defined(TEST)\n#endif\n",
                   "#elif on TEST")

    def test_assembly(self):
        self.found('void f(void)\n{\n    __asm__("nop");\n}\n',
                   "a.c:7: inline assembly")

    def test_assembly_in_a_comment(self):
        self.write_c("core/base/a.c", '/* asm("nop") */\n'
                     'const char *s = "asm";\n')
        self.assert_clean(TOOL, "--no-tree")

    def test_lint_escape(self):
        self.found("int a; // NOLINT\n", "a lint escape")

    def test_pragma(self):
        self.found("#pragma GCC diagnostic ignored \"-Wall\"\n", "a pragma")

    def test_drivers_too(self):
        self.found("#if HOSTED\n#endif\n", "#if on HOSTED", "drivers/a.c")


class Tree(ScratchTest):
    def found(self, code, text):
        self.write_c("core/base/a.c", TYPES + code)
        result = self.check(TOOL)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(text, result.stdout)

    def test_pointers_are_clean(self):
        self.write_c("core/base/a.c", TYPES + """
struct a {
    char *p;
    uint64_t n;
};
char *f(struct a *a, struct a *b);
uintptr_t g(void *p);
char *f(struct a *a, struct a *b)
{
    __builtin_memcpy(a, b, sizeof(*a));
    return a->n ? a->p + 1 : NULL;
}
uintptr_t g(void *p)
{
    return (uintptr_t)p;
}
""")
        self.assert_clean(TOOL)

    def test_cast(self):
        self.found("char *f(uintptr_t n)\n{\n    return (char *)n;\n}\n",
                   "an integer becomes a pointer")

    def test_cast_in_a_macro(self):
        self.found("#define AT(n) ((char *)(n))\n"
                   "char *f(uintptr_t n)\n{\n    return AT(n);\n}\n",
                   "an integer becomes a pointer")

    def test_cast_of_a_constant(self):
        self.found("char *f(void)\n{\n    return (char *)0xb8000;\n}\n",
                   "an integer becomes a pointer")

    def test_cast_in_a_header(self):
        self.write_c("core/base/a.h", "static inline char *f(long n)\n{\n"
                     "    return (char *)n;\n}\n")
        self.found('#include "core/base/a.h"\n',
                   "core/base/a.h:7:12: an integer becomes a pointer")

    def test_union(self):
        self.found("union u {\n    char *p;\n    uintptr_t n;\n};\n"
                   "union u u;\n", "a union of an integer and a pointer")

    def test_copy(self):
        self.found("char *f(uintptr_t n)\n{\n    char *p;\n\n"
                   "    __builtin_memcpy(&p, &n, sizeof(p));\n"
                   "    return p;\n}\n", "copied into or out of a pointer")

    def test_code_that_does_not_compile(self):
        self.found("int f(void)\n{\n    return nothing;\n}\n", "error:")


class Archive(ScratchTest):
    def archive(self, code):
        self.write("a.c", code)
        self.run_tool("gcc", "-w", "-c", "a.c", "-o", "a.o")
        return self.path("a.o")

    def test_hal_and_builtins_are_clean(self):
        path = self.archive("int hal_a(int); void *memcpy(void*, void*, long);"
                            "int f(void *p) { memcpy(p, p + 9, hal_a(1));"
                            " return hal_a(2); }")
        self.assert_clean(TOOL, "--archive", path)

    def test_libc(self):
        path = self.archive("int puts(char *); int f(void) {"
                            " return puts(\"a\"); }")
        self.assert_found(TOOL, "needs puts, which is no HAL function",
                          "--archive", path)

    def test_empty(self):
        path = self.archive("")
        self.assert_found(TOOL, "holds no symbol", "--archive", path)


if __name__ == "__main__":
    unittest.main()
