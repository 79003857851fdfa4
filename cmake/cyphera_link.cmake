# SPDX-License-Identifier: Apache-2.0
#
# Kernels. Each is linked twice: once with an empty symbol table, and once with
# the table that tools/gen_symbols.py made of the first; its numbers do not
# move the code, and the build checks that they did not.

set(CYPHERA_GEN_SYMBOLS ${CMAKE_SOURCE_DIR}/tools/gen_symbols.py)

# symbols_none: the empty table, for first passes and flat test programs.
add_custom_command(
    OUTPUT ${CMAKE_BINARY_DIR}/gen/symbols_none.S
    COMMAND python3 ${CYPHERA_GEN_SYMBOLS} --empty
            -o ${CMAKE_BINARY_DIR}/gen/symbols_none.S
    DEPENDS ${CYPHERA_GEN_SYMBOLS}
    VERBATIM)
add_library(symbols_none OBJECT ${CMAKE_BINARY_DIR}/gen/symbols_none.S)

# The table of program (an executable target), as the object library out.
function(cyphera_symbols out program)
    set(table ${CMAKE_BINARY_DIR}/gen/${out}.S)
    add_custom_command(
        OUTPUT ${table}
        COMMAND python3 ${CYPHERA_GEN_SYMBOLS} $<TARGET_FILE:${program}>
                -o ${table}
        DEPENDS ${program} ${CYPHERA_GEN_SYMBOLS}
        VERBATIM)
    add_library(${out} OBJECT ${table})
endfunction()

# Stops the build when the table inside program is not program's own.
function(cyphera_symbols_check program)
    add_custom_command(
        TARGET ${program} POST_BUILD
        COMMAND python3 ${CYPHERA_GEN_SYMBOLS} --check $<TARGET_FILE:${program}>
        VERBATIM)
endfunction()

function(cyphera_target_objects out)
    list(TRANSFORM ARGN REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>")
    set(${out} ${ARGN} PARENT_SCOPE)
endfunction()

# Links host objects, libuv and the sanitizer's runtime to a hosted program.
function(cyphera_link_hosted target)
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
    target_link_options(${target} PRIVATE
        -pie -Wl,-u,__executable_start ${CYPHERA_SAN_LINK})
    target_link_libraries(${target} PRIVATE PkgConfig::UV Threads::Threads)
endfunction()

# The kernel side as one relocatable file, in which only the names of
# hal/hosted/kernel_symbols.txt (and the sanitizers' own) stay global.
function(cyphera_hosted_kernel name out)
    get_property(libs GLOBAL PROPERTY CYPHERA_KERNEL_LIBS)
    cyphera_target_objects(objects ${libs} ${name}_main)
    set(all ${CMAKE_BINARY_DIR}/gen/${name}.all.o)
    set(kernel ${CMAKE_BINARY_DIR}/gen/${name}.kernel.o)
    set(names ${CMAKE_SOURCE_DIR}/hal/hosted/kernel_symbols.txt)
    set(own ${CMAKE_SOURCE_DIR}/cmake/sanitizer_symbols.txt)
    add_custom_command(
        OUTPUT ${kernel}
        BYPRODUCTS ${all}
        COMMAND ld -r -o ${all} ${objects}
        COMMAND objcopy --wildcard --keep-global-symbols=${names}
                --keep-global-symbols=${own} ${all} ${kernel}
        DEPENDS ${objects} ${libs} ${name}_main ${names} ${own}
        COMMAND_EXPAND_LISTS VERBATIM)
    set(${out} ${kernel} PARENT_SCOPE)
endfunction()

function(cyphera_hosted_image name)
    cyphera_hosted_kernel(${name} kernel)
    get_property(libs GLOBAL PROPERTY CYPHERA_HOST_LIBS)
    cyphera_target_objects(host ${libs})
    add_executable(${name}_pass1 EXCLUDE_FROM_ALL
        ${kernel} ${host} $<TARGET_OBJECTS:symbols_none>)
    cyphera_link_hosted(${name}_pass1)
    cyphera_symbols(${name}_symbols ${name}_pass1)
    add_executable(${name}
        ${kernel} ${host} $<TARGET_OBJECTS:${name}_symbols>)
    cyphera_link_hosted(${name})
    cyphera_symbols_check(${name})
    set_target_properties(${name}_pass1 PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/gen)
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

function(cyphera_bare_link target)
    set(script ${CMAKE_SOURCE_DIR}/targets/x86_64/kernel.ld)
    set(lto "")
    if(CYPHERA_LTO)
        set(lto -flto=2 -O2)
    endif()
    set_target_properties(${target} PROPERTIES
        LINKER_LANGUAGE C SUFFIX .elf LINK_DEPENDS ${script})
    target_link_options(${target} PRIVATE
        ${CYPHERA_MACHINE} ${lto} -nostdlib -static -no-pie
        -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--build-id=none
        -Wl,--gc-sections -Wl,-T,${script})
endfunction()

function(cyphera_bare_image name)
    get_property(libs GLOBAL PROPERTY CYPHERA_KERNEL_LIBS)
    cyphera_target_objects(objects ${libs} ${name}_main)
    add_executable(${name}_pass1 EXCLUDE_FROM_ALL
        ${objects} $<TARGET_OBJECTS:symbols_none>)
    cyphera_bare_link(${name}_pass1)
    cyphera_symbols(${name}_symbols ${name}_pass1)
    add_executable(${name} ${objects} $<TARGET_OBJECTS:${name}_symbols>)
    cyphera_bare_link(${name})
    cyphera_symbols_check(${name})
    set_target_properties(${name}_pass1 PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/gen)
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# cyphera_image(name file...): build/<preset>/name, or name.elf.
function(cyphera_image name)
    if(CYPHERA_TSA)
        return()
    endif()
    add_library(${name}_main OBJECT ${ARGN})
    cyphera_kernel_flags(${name}_main)
    if(CYPHERA_WORLD STREQUAL hosted)
        cyphera_hosted_image(${name})
    else()
        cyphera_bare_image(${name})
    endif()
endfunction()
