# SPDX-License-Identifier: Apache-2.0
# Two user contexts on one CPU (two_users.c), and seeds that replay them.
cyphera_image(two_users
    two_users.c
    ../contract/space.c
    ../contract/user_code.S
)
if(CYPHERA_WORLD STREQUAL hosted)
    cyphera_run_command(command two_users)
    cyphera_test(two_users TIER default TIMEOUT 300 LABELS machine STATUS 137
        COMMAND ${command})
    cyphera_test(seeds TIER default TIMEOUT 900 LABELS machine
        PRESETS hosted asan
        COMMAND python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/seeds.py
                $<TARGET_FILE:two_users> --load)
else()
    foreach(machine IN ITEMS microvm q35)
        cyphera_run_command(command two_users MACHINE ${machine})
        cyphera_test(two_users_${machine} TIER default TIMEOUT 300
            LABELS machine STATUS 137 COMMAND ${command})
    endforeach()
endif()
