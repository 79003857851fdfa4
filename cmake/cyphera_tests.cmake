# SPDX-License-Identifier: Apache-2.0
#
# Tests, their tiers and budgets.

# cyphera_test(name TIER default|ci TIMEOUT seconds COMMAND arg...
#              [PRESETS name...] [LABELS word...] [STATUS n]
#              [ENVIRONMENT VAR=value...] [SERIAL])
#
# One ctest entry. Tier default is part of ci; TIMEOUT is its budget, enforced
# by ctest. PRESETS: it exists in these only. STATUS: it passes only when the
# command ends with that status. SERIAL: nothing else runs beside it.
function(cyphera_test name)
    cmake_parse_arguments(T "SERIAL" "TIER;TIMEOUT;STATUS;WORKING_DIRECTORY"
        "COMMAND;LABELS;ENVIRONMENT;PRESETS" ${ARGN})
    if(T_PRESETS AND NOT CYPHERA_PRESET IN_LIST T_PRESETS)
        return()
    endif()
    if(NOT T_TIER MATCHES "^(default|ci)$" OR NOT T_TIMEOUT)
        message(FATAL_ERROR "${name}: needs TIER default|ci and TIMEOUT")
    endif()
    set(tiers ci)
    if(T_TIER STREQUAL default)
        set(tiers default ci)
    endif()
    if(DEFINED T_STATUS)
        set(T_COMMAND python3 ${CMAKE_SOURCE_DIR}/tools/expect.py
            --status ${T_STATUS} -- ${T_COMMAND})
    endif()
    if(NOT T_WORKING_DIRECTORY)
        set(T_WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    endif()
    add_test(NAME ${name} COMMAND ${T_COMMAND}
        WORKING_DIRECTORY ${T_WORKING_DIRECTORY})
    set(environment
        ASAN_OPTIONS=halt_on_error=1:exitcode=99:detect_leaks=1
        UBSAN_OPTIONS=halt_on_error=1:exitcode=99:print_stacktrace=1
        TSAN_OPTIONS=halt_on_error=1:exitcode=99
        LSAN_OPTIONS=exitcode=99
        CYPHERA_BUILD=${CMAKE_BINARY_DIR}
        CYPHERA_ROOT=${CMAKE_SOURCE_DIR}
        ${T_ENVIRONMENT})
    set_tests_properties(${name} PROPERTIES
        TIMEOUT ${T_TIMEOUT}
        LABELS "${tiers};${T_LABELS}"
        ENVIRONMENT "${environment}"
        RUN_SERIAL ${T_SERIAL})
endfunction()

# Valgrind runs one thread at a time; a CPU that spins must let others have it.
set(CYPHERA_VALGRIND_COMMAND
    valgrind -q --fair-sched=try --error-exitcode=99 --leak-check=full
    --errors-for-leak-kinds=definite --trace-children=no)

# The command line, in a variable, that runs an image with init and its
# arguments as if it were a process, in either world:
#
#   cyphera_run_command(out image [MACHINE microvm|q35] [ISO] [INITRD file]
#                       [MEM size] [OPTIONS word...] [COMMAND init arg...])
#
# OPTIONS are the hosted binary's, or tools/run_bare.py's.
function(cyphera_run_command out image)
    cmake_parse_arguments(R "ISO" "MACHINE;INITRD;MEM" "OPTIONS;COMMAND"
        ${ARGN})
    set(words "")
    if(R_INITRD)
        list(APPEND words --initrd ${R_INITRD})
    endif()
    if(R_MEM)
        list(APPEND words --mem ${R_MEM})
    endif()
    if(CYPHERA_WORLD STREQUAL hosted)
        set(run $<TARGET_FILE:${image}>)
        if(CYPHERA_VALGRIND)
            set(run ${CYPHERA_VALGRIND_COMMAND} ${run})
        endif()
    else()
        set(run python3 ${CMAKE_SOURCE_DIR}/tools/run_bare.py
            $<TARGET_FILE:${image}>)
        if(R_MACHINE)
            list(APPEND words --machine ${R_MACHINE})
        endif()
        if(R_ISO)
            list(APPEND words --machine q35 --iso)
        endif()
    endif()
    list(APPEND words ${R_OPTIONS})
    if(R_COMMAND)
        list(APPEND words -- ${R_COMMAND})
    endif()
    set(${out} ${run} ${words} PARENT_SCOPE)
endfunction()

# cyphera_unit_test(name file.cc... [TIER ...] [TIMEOUT s])
#
# A GoogleTest program: the kernel's objects linked flat with hal/hosted and
# tests/support, whose main() runs the tests in a kernel thread. Hosted presets
# only.
function(cyphera_unit_test name)
    if(NOT CYPHERA_WORLD STREQUAL hosted OR CYPHERA_TSA)
        return()
    endif()
    cmake_parse_arguments(T "" "TIER;TIMEOUT" "ENVIRONMENT" ${ARGN})
    if(NOT T_TIER)
        set(T_TIER default)
    endif()
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT 60)
    endif()
    cyphera_gtest_common()
    get_property(kernel GLOBAL PROPERTY CYPHERA_KERNEL_LIBS)
    get_property(host GLOBAL PROPERTY CYPHERA_HOST_LIBS)
    get_property(support GLOBAL PROPERTY CYPHERA_SUPPORT_LIBS)
    list(REMOVE_ITEM host targets_hosted)
    cyphera_target_objects(objects ${kernel} ${host} ${support} symbols_none)
    add_executable(${name} ${T_UNPARSED_ARGUMENTS} ${objects})
    cyphera_test_flags(${name})
    target_precompile_headers(${name} REUSE_FROM cyphera_gtest_pch)
    target_link_options(${name} PRIVATE -pie ${CYPHERA_SAN_LINK})
    target_link_libraries(${name} PRIVATE
        GTest::gtest PkgConfig::UV Threads::Threads)
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/unit)
    set(command $<TARGET_FILE:${name}>)
    if(CYPHERA_VALGRIND)
        set(command ${CYPHERA_VALGRIND_COMMAND} ${command})
        math(EXPR T_TIMEOUT "${T_TIMEOUT} * 5")
    endif()
    cyphera_test(${name} TIER ${T_TIER} TIMEOUT ${T_TIMEOUT} LABELS unit
        ENVIRONMENT ${T_ENVIRONMENT} COMMAND ${command})
endfunction()

# cyphera_unit_test_cpus(name count TIMEOUT s FILTER pattern): runs those tests
# of that program once more, on a machine of so many CPUs. Valgrind runs one thread at a time anyway.
function(cyphera_unit_test_cpus name count)
    cmake_parse_arguments(T "" "TIMEOUT;FILTER" "" ${ARGN})
    if(NOT TARGET ${name} OR CYPHERA_VALGRIND)
        return()
    endif()
    cyphera_test(${name}_cpus TIER default TIMEOUT ${T_TIMEOUT} LABELS unit
        ENVIRONMENT CYPHERA_TEST_CPUS=${count}
        COMMAND $<TARGET_FILE:${name}> --gtest_filter=${T_FILTER})
endfunction()

# Host or kernel objects that only unit tests have (tests/support).
function(cyphera_test_support name)
    if(NOT ARGN OR NOT CYPHERA_WORLD STREQUAL hosted OR CYPHERA_TSA)
        return()
    endif()
    cyphera_gtest_common()
    add_library(${name} OBJECT EXCLUDE_FROM_ALL ${ARGN})
    cyphera_test_flags(${name})
    target_link_libraries(${name} PRIVATE GTest::gtest PkgConfig::UV)
    set_property(GLOBAL APPEND PROPERTY CYPHERA_SUPPORT_LIBS ${name})
endfunction()

# C++ of tests: -O0 and no UBSan, which cost most of the compile time.
function(cyphera_test_flags target)
    target_include_directories(${target} PRIVATE
        ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/gen)
    target_compile_definitions(${target} PRIVATE
        _GNU_SOURCE CHECKED=${CHECKED} CYPHERA_VALGRIND=${CYPHERA_VALGRIND})
    target_compile_options(${target} PRIVATE
        $<$<COMPILE_LANGUAGE:CXX>:-std=gnu++17> -O0 ${CYPHERA_PATHS} -fPIE
        -Wall -Wextra -Wshadow -Werror -fno-strict-aliasing)
    if(CYPHERA_SAN STREQUAL address)
        target_compile_options(${target} PRIVATE -fsanitize=address)
    elseif(CYPHERA_SAN STREQUAL thread)
        target_compile_options(${target} PRIVATE -fsanitize=thread)
    endif()
endfunction()

function(cyphera_gtest_common)
    if(TARGET cyphera_gtest_pch)
        return()
    endif()
    add_library(cyphera_gtest_pch OBJECT EXCLUDE_FROM_ALL
        ${CMAKE_SOURCE_DIR}/tests/support/pch.cc)
    cyphera_test_flags(cyphera_gtest_pch)
    target_precompile_headers(cyphera_gtest_pch PRIVATE <gtest/gtest.h>)
    target_link_libraries(cyphera_gtest_pch PRIVATE GTest::gtest)
endfunction()

# cyphera_guest(name LIBC musl|glibc [DYNAMIC] SOURCES file...
#               [FLAGS flag...])
#
# A static program (DYNAMIC: not so) for the guest, build/<preset>/guest/<name>; the same in
# every preset, never instrumented.
function(cyphera_guest name)
    cmake_parse_arguments(G "DYNAMIC" "LIBC" "SOURCES;FLAGS" ${ARGN})
    if(G_LIBC STREQUAL musl)
        set(compiler musl-gcc)
    elseif(G_LIBC STREQUAL glibc)
        set(compiler gcc)
    else()
        message(FATAL_ERROR "${name}: LIBC is musl or glibc")
    endif()
    set(out ${CMAKE_BINARY_DIR}/guest/${name})
    set(link -static)
    if("-static-pie" IN_LIST G_FLAGS OR G_DYNAMIC)
        set(link "")
    endif()
    set(sources ${G_SOURCES})
    list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    add_custom_command(
        OUTPUT ${out}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/guest
        COMMAND ${compiler} ${link} -std=gnu17 -O2 -Wall -Wextra -Werror
                -I${CMAKE_SOURCE_DIR} ${G_FLAGS} -o ${out} ${sources}
        DEPENDS ${sources}
        VERBATIM)
    add_custom_target(guest_${name} ALL DEPENDS ${out})
    set_property(GLOBAL APPEND PROPERTY CYPHERA_GUESTS guest_${name})
endfunction()

if(CYPHERA_WORLD STREQUAL hosted AND NOT CYPHERA_TSA)
    find_package(GTest REQUIRED)
endif()

# cyphera_fuzz(name SOURCES file... KERNEL root-relative-file... [SECONDS n])
#
# A libFuzzer program over kernel files, in the preset asan-clang: the files as
# they are, with coverage beside ASan and UBSan. ctest runs it for SECONDS (60)
# from the corpus build/<preset>/corpus/<name without fuzz_>, tier ci.
function(cyphera_fuzz name)
    if(NOT CYPHERA_PRESET STREQUAL asan-clang)
        return()
    endif()
    cmake_parse_arguments(F "" "SECONDS" "SOURCES;KERNEL" ${ARGN})
    if(NOT F_SECONDS)
        set(F_SECONDS 60)
    endif()
    list(TRANSFORM F_KERNEL PREPEND ${CMAKE_SOURCE_DIR}/)
    string(MD5 key "${F_KERNEL}")
    if(NOT TARGET fuzz_kernel_${key}) # targets over the same files share them
        add_library(fuzz_kernel_${key} OBJECT ${F_KERNEL})
        cyphera_kernel_flags(fuzz_kernel_${key})
        target_compile_options(fuzz_kernel_${key} PRIVATE
            -fsanitize=fuzzer-no-link)
    endif()
    add_executable(${name} ${F_SOURCES} $<TARGET_OBJECTS:fuzz_kernel_${key}>)
    cyphera_host_flags(${name})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_options(${name} PRIVATE
        -pie -fsanitize=fuzzer,address,undefined)
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    string(REPLACE fuzz_ "" corpus ${name})
    math(EXPR budget "${F_SECONDS} * 2 + 30")
    cyphera_test(${name} TIER ci TIMEOUT ${budget} LABELS fuzz
        COMMAND python3 -B ${CMAKE_SOURCE_DIR}/targets/fuzz/run_fuzz.py
                $<TARGET_FILE:${name}> ${CMAKE_BINARY_DIR}/corpus ${corpus}
                ${F_SECONDS})
endfunction()
