# SPDX-License-Identifier: Apache-2.0
#
# Compiler flags. Kernel code gets the same language in both worlds; only the
# machine model and the instrumentation differ.

set(CYPHERA_WARNINGS
    -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes
    -Wstrict-prototypes -Werror)

set(CYPHERA_LANGUAGE
    -std=gnu17 -ffreestanding -fno-strict-aliasing -mgeneral-regs-only
    -fno-common -fno-stack-protector -fcf-protection=none)

if(CHECKED)
    set(CYPHERA_OPT -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls)
else()
    set(CYPHERA_OPT -O2 -fno-omit-frame-pointer)
endif()

# Paths that the kernel prints start at the root.
set(CYPHERA_PATHS -g -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=)

set(CYPHERA_BLOB_FLAGS
    -std=gnu17 -O2 -g0 -Wall -Wextra -Wconversion -Wshadow -Werror
    -ffreestanding -fno-strict-aliasing -mgeneral-regs-only
    -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables
    -fvisibility=hidden -I${CMAKE_SOURCE_DIR} -I${CMAKE_BINARY_DIR}/gen)

if(CYPHERA_WORLD STREQUAL hosted)
    set(CYPHERA_MACHINE -fPIE)
else()
    set(CYPHERA_MACHINE
        -mcmodel=kernel -mno-red-zone -fno-pic -fno-pie
        -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections)
    if(CYPHERA_LTO)
        list(APPEND CYPHERA_MACHINE -flto)
    endif()
endif()

set(CYPHERA_INSTRUMENT "")
if(CYPHERA_SAN STREQUAL address)
    set(CYPHERA_INSTRUMENT -fsanitize=address,undefined)
elseif(CYPHERA_SAN STREQUAL thread)
    set(CYPHERA_INSTRUMENT -fsanitize=thread)
elseif(CYPHERA_SAN)
    message(FATAL_ERROR "CYPHERA_SAN: no such sanitizer: ${CYPHERA_SAN}")
endif()
set(CYPHERA_SAN_LINK ${CYPHERA_INSTRUMENT})
if(CYPHERA_SAN)
    list(APPEND CYPHERA_INSTRUMENT -fno-sanitize-recover=all)
endif()

if(CYPHERA_TSA)
    list(APPEND CYPHERA_WARNINGS -Wthread-safety -Wthread-safety-beta)
endif()

# Flags of one kernel object library; also for the assembly in it.
function(cyphera_kernel_flags target)
    target_include_directories(${target} PRIVATE
        ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/gen)
    target_compile_definitions(${target} PRIVATE CHECKED=${CHECKED})
    if(target MATCHES "^hal_")
        target_compile_definitions(${target} PRIVATE
            CYPHERA_VALGRIND=${CYPHERA_VALGRIND})
    endif()
    target_compile_options(${target} PRIVATE
        ${CYPHERA_PATHS}
        $<$<COMPILE_LANGUAGE:C>:${CYPHERA_WARNINGS}>
        $<$<COMPILE_LANGUAGE:C>:${CYPHERA_LANGUAGE}>
        $<$<COMPILE_LANGUAGE:C>:${CYPHERA_OPT}>
        $<$<COMPILE_LANGUAGE:C>:${CYPHERA_INSTRUMENT}>
        ${CYPHERA_MACHINE})
endfunction()

# Flags of one host object library.
function(cyphera_host_flags target)
    target_include_directories(${target} PRIVATE
        ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/gen)
    target_compile_definitions(${target} PRIVATE
        _GNU_SOURCE CHECKED=${CHECKED} CYPHERA_VALGRIND=${CYPHERA_VALGRIND}
        CYPHERA_VERSION="${PROJECT_VERSION}")
    target_compile_options(${target} PRIVATE
        ${CYPHERA_PATHS} -std=gnu17 -fno-strict-aliasing -fPIE
        ${CYPHERA_WARNINGS} ${CYPHERA_OPT} ${CYPHERA_INSTRUMENT})
    target_link_libraries(${target} PRIVATE PkgConfig::UV)
endfunction()

if(CYPHERA_WORLD STREQUAL hosted)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
    find_package(Threads REQUIRED)
endif()
