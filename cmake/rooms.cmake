# How a room is declared. One target a room, linked to exactly the rooms it may use, so that the linker and the include
# check (tests/arrows) both hold the table of ARCHITECTURE.md.

add_library(tocsin_options INTERFACE)
target_include_directories(tocsin_options INTERFACE ${CMAKE_SOURCE_DIR})
# Designated initializers leave out what has a default; that is their point.
target_compile_options(tocsin_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough -Wundef -Wno-missing-field-initializers -Werror -fno-omit-frame-pointer)
target_compile_definitions(tocsin_options INTERFACE
  SIMDJSON_EXCEPTIONS=0 TOCSIN_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TOCSIN_CORPUS="${TOCSIN_CORPUS}")
if(TOCSIN_SANITIZE)
  target_compile_options(tocsin_options INTERFACE -fsanitize=${TOCSIN_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(tocsin_options INTERFACE -fsanitize=${TOCSIN_SANITIZE})
endif()
if(TOCSIN_FUZZ)
  target_compile_options(tocsin_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# tocsin_room(NAME [NO_EXCEPTIONS] USES room... LIBS library...)
# Sources are every .cc below the folder; x_test.cc goes to the test program <name>_test, x_bench.cc to <name>_bench.
function(tocsin_room NAME)
  cmake_parse_arguments(R "NO_EXCEPTIONS" "" "USES;LIBS" ${ARGN})
  file(GLOB_RECURSE all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "(_(test|bench|fuzz)|/main)\\.cc$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(benches ${all})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(TRANSFORM R_USES PREPEND tocsin_ OUTPUT_VARIABLE rooms)

  if(sources)
    add_library(tocsin_${NAME} STATIC ${sources})
    target_link_libraries(tocsin_${NAME} PUBLIC tocsin_options ${rooms} ${R_LIBS})
    if(R_NO_EXCEPTIONS)
      target_compile_options(tocsin_${NAME} PRIVATE -fno-exceptions)
    endif()
  else()
    add_library(tocsin_${NAME} INTERFACE)
    target_link_libraries(tocsin_${NAME} INTERFACE tocsin_options ${rooms} ${R_LIBS})
  endif()
  if(tests)
    add_executable(${NAME}_test ${tests})
    target_link_libraries(${NAME}_test PRIVATE tocsin_${NAME} GTest::gtest_main)
    add_test(NAME unit.${NAME} COMMAND ${NAME}_test)
    set_tests_properties(unit.${NAME} PROPERTIES LABELS unit)
  endif()
  if(benches)
    add_executable(${NAME}_bench ${benches})
    target_link_libraries(${NAME}_bench PRIVATE tocsin_${NAME} benchmark::benchmark_main)
    # A benchmark that nobody runs rots: a tiny run belongs to the tests. Its figures mean nothing.
    add_test(NAME bench.${NAME} COMMAND ${NAME}_bench --benchmark_min_time=0.001)
    set_tests_properties(bench.${NAME} PROPERTIES LABELS bench)
  endif()
endfunction()

# simdjson's on-demand front end picks its kernel when it is compiled, not when it runs, so the architecture is a build
# choice: x86-64-v3 (AVX2, every server since 2015) where the building machine has it, else x86-64-v2.
include(CheckCXXSourceRuns)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  check_cxx_source_runs("int main() { return __builtin_cpu_supports(\"avx2\") && __builtin_cpu_supports(\"bmi2\") ? 0 : 1; }" TOCSIN_HOST_HAS_AVX2)
  if(TOCSIN_HOST_HAS_AVX2)
    set(TOCSIN_ARCH "x86-64-v3" CACHE STRING "-march= for the whole tree")
  else()
    set(TOCSIN_ARCH "x86-64-v2" CACHE STRING "-march= for the whole tree")
  endif()
  target_compile_options(tocsin_options INTERFACE -march=${TOCSIN_ARCH} -mpclmul -maes)
endif()
