# How this project compiles itself. Nothing here reaches a program that links the library.

add_library(spind_warnings INTERFACE)
target_compile_options(spind_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow)
if(SPIND_WERROR)
  target_compile_options(spind_warnings INTERFACE -Werror)
endif()

if(CMAKE_UNITY_BUILD)
  # To GCC a file that is compiled with others looks like a header, whose types others see too.
  target_compile_options(spind_warnings INTERFACE
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()

if(SPIND_SANITIZE)
  add_compile_options(-fsanitize=${SPIND_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SPIND_SANITIZE})
  # The check of virtual tables opens a pipe to look at memory, and takes what it cannot look at for
  # broken: tests run out of file descriptors on purpose.
  add_compile_options(-fno-sanitize=vptr)
  # What sanitizers add makes GCC see uses of uninitialised values where there are none.
  target_compile_options(spind_warnings INTERFACE
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
if(SPIND_COVERAGE)
  add_link_options(-fprofile-instr-generate)
endif()

# Paths are hashed relative to the source folder, so that all build folders share one cache.
find_program(SPIND_CCACHE ccache)
if(SPIND_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
                                  ${SPIND_CCACHE})
endif()
