#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each checker passes a clean tree and finds each thing it is for."""
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scratch import LICENCE, ROOT, ScratchTest, c_head  # noqa: E402


class Layers(ScratchTest):
    TOOL = "check_layers.py"

    def test_downward_is_clean(self):
        self.write_c("core/base/a.h", "")
        self.write_c("core/mem/a.c", '#include <stdint.h>\n'
                     '#include "core/base/a.h"\n')
        self.assert_clean(self.TOOL)

    def test_upward(self):
        self.write_c("core/mem/a.h", "")
        self.write_c("core/base/a.c", '#include "core/mem/a.h"\n')
        self.assert_found(self.TOOL, "core/base may not include core/mem/a.h")

    def test_sideways(self):
        self.write_c("hal/common/a.h", "")
        self.write_c("core/base/a.c", '#include "hal/common/a.h"\n')
        self.assert_found(self.TOOL, "may not include hal/common/a.h")

    def test_host_header_in_core(self):
        self.write_c("core/base/a.c", "#include <stdio.h>\n")
        self.assert_found(self.TOOL, "<stdio.h> is not a freestanding header")

    def test_core_in_host_side(self):
        self.write_c("core/abi/a.h", "")
        self.write_c("hal/hosted/host_a.c", '#include <stdio.h>\n'
                     '#include "core/abi/a.h"\n')
        self.assert_found(self.TOOL, "the host side may not see core/abi/a.h")

    def test_host_side_in_kernel_side(self):
        self.write_c("hal/hosted/host.h", "#include <stdint.h>\n")
        self.write_c("hal/hosted/host_a.h", "#include <stdio.h>\n")
        self.write_c("hal/hosted/host_b.h",
                     '#include "hal/hosted/host_a.h"\n')
        self.write_c("hal/hosted/a.c", '#include "hal/hosted/host.h"\n'
                     '#include "hal/hosted/host_b.h"\n')
        self.assert_found(self.TOOL, "the kernel side may not see")

    def test_relative_path(self):
        self.write_c("core/base/a.h", "")
        self.write_c("core/base/a.c", '#include "a.h"\n')
        self.assert_found(self.TOOL, '"a.h" is not a path from the root')

    def test_unknown_folder(self):
        self.write_c("core/new/a.c", "")
        self.assert_found(self.TOOL, "core/ itself holds only main.c")


class Size(ScratchTest):
    TOOL = "check_size.py"

    def test_small_is_clean(self):
        self.write_c("core/a.c", "int f(int a)\n{\n    return a;\n}\n")
        self.assert_clean(self.TOOL)

    def test_long_file(self):
        self.write_c("core/a.h", "\n" * 200)
        self.assert_found(self.TOOL, "core/a.h: 204 lines, at most 200")

    def test_long_function(self):
        # Short ones beside it, so that only its own length is a breach.
        short = "".join(f"int s{n}(void)\n{{\n}}\n\n" for n in range(30))
        self.write_c("core/a.c", short + "int f(void)\n{\n"
                     + "    g();\n" * 61 + "}\n")
        self.assert_found(self.TOOL, "f: 61 lines, at most 60")

    def test_many_middling_functions(self):
        body = "    g();\n" * 41
        self.write_c("core/a.c", f"int f(void)\n{{\n{body}}}\n")
        self.assert_found(self.TOOL, "only 0 of 1 functions")

    def test_parameters(self):
        self.write_c("core/a.c", "int f(int a, int b, int c,\n"
                     "      int (*d)(int, int), int e, int g)\n{\n}\n")
        self.assert_found(self.TOOL, "f: 6 parameters, at most 5")

    def test_nesting(self):
        self.write_c("core/a.c", "int f(void)\n{\n    if (a)\n        if (b)\n"
                     "            if (c)\n                while (d)\n"
                     "                    ;\n}\n")
        self.assert_found(self.TOOL, "f: nested 4 deep, at most 3")

    def test_long_checker(self):
        self.write("tools/a.py", "\n" * 301)
        self.assert_found(self.TOOL, "tools/a.py: 301 lines, at most 300")


class Headers(ScratchTest):
    TOOL = "check_headers.py"

    def found(self, text):
        result = self.check(self.TOOL)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn(text, result.stdout)

    def test_complete_is_clean(self):
        self.write_c("core/a.h", "#ifndef A_H\n#define A_H\n"
                     "#include <stdint.h>\nstruct a {\n    uint8_t b;\n};\n"
                     "#endif\n")
        self.assert_clean(self.TOOL)

    def test_needs_another(self):
        self.write_c("core/a.h", "#ifndef A_H\n#define A_H\n"
                     "extern uint8_t b;\n#endif\n")
        self.found("core/a.h: gcc -std=c17")

    def test_no_guard(self):
        self.write_c("core/a.h", "struct a {\n    int b;\n};\n")
        self.found("core/a.h: gcc -std=c17")

    def test_cxx_keyword(self):
        self.write_c("core/a.h", "#ifndef A_H\n#define A_H\n"
                     "extern int class;\n#endif\n")
        self.found("core/a.h: g++ -std=c++17")


class Format(ScratchTest):
    TOOL = "check_format.py"

    def setUp(self):
        super().setUp()
        with open(os.path.join(ROOT, ".clang-format"), encoding="utf-8") as f:
            self.write("core/../.clang-format", f.read())

    def test_formatted_is_clean(self):
        self.write_c("core/a.c", "int f(void)\n{\n    return 0;\n}\n")
        self.assert_clean(self.TOOL)

    def test_indent(self):
        self.write_c("core/a.c", "int f(void)\n{\n  return 0;\n}\n")
        self.assert_found(self.TOOL, "core/a.c:6:2: error")

    def test_fix(self):
        self.write_c("core/a.c", "int f(void)\n{\n  return 0;\n}\n")
        self.check(self.TOOL, "--fix")
        self.assert_clean(self.TOOL)

    def test_space_at_end(self):
        self.write("tools/a.py", "import os \n")
        self.assert_found(self.TOOL, "tools/a.py:1: space at the end")


class Spdx(ScratchTest):
    TOOL = "check_spdx.py"

    def test_both_heads_are_clean(self):
        self.write_c("core/a.c", "")
        self.write("tools/a.py", f"#!/usr/bin/env python3\n# {LICENCE}\n")
        self.write("tests/a.cc", f"// {LICENCE}\n//\n// tests/a.cc - x.\n")
        self.assert_clean(self.TOOL)

    def test_no_licence(self):
        self.write("core/a.c", "/*\n * core/a.c - x.\n */\n")
        self.assert_found(self.TOOL, "core/a.c: its first line does not say")

    def test_no_purpose(self):
        self.write("core/a.c", f"/* {LICENCE} */\nint a;\n")
        self.assert_found(self.TOOL, 'no "core/a.c - purpose" block')

    def test_path_of_another(self):
        self.write("core/a.c", c_head("core/b.c"))
        self.assert_found(self.TOOL, 'no "core/a.c - purpose" block')


class Names(ScratchTest):
    TOOL = "check_names.py"

    def header(self, name, text):
        self.write_c(name, text)

    def test_own_prefix_is_clean(self):
        self.header("hal/a.h", "int hal_a(void);\n")
        self.header("core/base/a.h", "int a_get(struct a *a, int (*f)(int));\n")
        self.header("core/abi/a.h", "struct lx_a {\n    int b;\n};\n")
        self.assert_clean(self.TOOL)

    def test_hal_prefix(self):
        self.header("hal/a.h", "void machine_stop(void);\n")
        self.assert_found(self.TOOL, "machine_stop: does not begin with hal_")

    def test_core_may_not_claim_hal(self):
        self.header("core/base/a.h", "struct list *hal_a(\n    int b);\n")
        self.assert_found(self.TOOL, "hal_a: does not begin with")

    def test_two_homes(self):
        self.header("core/base/a.h", "int a(void);\n")
        self.header("core/base/b.h", "int a(void);\n")
        self.assert_found(self.TOOL, "a: declared in core/base/a.h and")

    def test_too_many_hal_functions(self):
        self.header("hal/a.h", "".join(f"int hal_{n}(void);\n"
                                       for n in range(96)))
        self.assert_found(self.TOOL, "hal: 96 functions, at most 95")

    def test_too_many_upcalls(self):
        self.header("hal/upcall.h", "".join(f"int core_{n}(void);\n"
                                            for n in range(9)))
        self.assert_found(self.TOOL, "hal/upcall.h: 9 names, at most 8")

    def test_abi_type(self):
        self.header("core/abi/a.h", "struct stat {\n    int b;\n};\n")
        self.assert_found(self.TOOL, "a type of the ABI begins with lx_")

    def test_marker(self):
        self.write_c("core/a.c", "/* FIXME: later */\n")
        self.assert_found(self.TOOL, "core/a.c:5: FIXME")

    def test_libc_name(self):
        self.write("a.c", "void *malloc(unsigned long n) { return 0; }\n"
                   "void *memcpy(void *a, void *b, unsigned long c)"
                   " { return a; }\n")
        self.run_tool("gcc", "-w", "-c", "a.c", "-o", "a.o")
        self.assert_found(self.TOOL, "malloc is a name of libc",
                          "--archive", "a.o")


if __name__ == "__main__":
    unittest.main()
