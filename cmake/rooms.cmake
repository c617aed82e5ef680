# A room is a folder under lib/ and a CMake target that sees only the rooms that it names.
#
# Rooms include each other's headers as "room/header.h". To make a wrong arrow fail to build, each
# room's headers are reachable through an include folder of its own, which holds links to them;
# a room that is not named under SEES is not on the include path.
#
#   spind_room(space SEES model kv)            the room lib/space
#   spind_room(kv/rocksdb SEES kv LINKS PkgConfig::ROCKSDB)
#
# Rooms are static libraries, so that a test links just the rooms that it names. The product,
# libspind, bundles the object files of all rooms.

function(spind_room_targets out)
  set(targets)
  foreach(room ${ARGN})
    string(REPLACE "/" "_" target "spind_${room}")
    list(APPEND targets ${target})
  endforeach()
  set(${out} ${targets} PARENT_SCOPE)
endfunction()

# Makes the include folder of a target, with links to `headers` that are included as "prefix/name".
function(spind_header_links target prefix)
  set(include_dir ${CMAKE_BINARY_DIR}/spind_rooms/${target})
  file(REMOVE_RECURSE ${include_dir})
  file(MAKE_DIRECTORY ${include_dir}/${prefix})
  foreach(header ${ARGN})
    get_filename_component(name ${header} NAME)
    file(CREATE_LINK ${header} ${include_dir}/${prefix}/${name} SYMBOLIC)
  endforeach()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    target_include_directories(${target} INTERFACE ${include_dir})
  else()
    target_include_directories(${target} PUBLIC ${include_dir})
  endif()
endfunction()

function(spind_room room)
  cmake_parse_arguments(ROOM "" "" "SEES;LINKS" ${ARGN})
  spind_room_targets(target ${room})
  spind_room_targets(seen ${ROOM_SEES})
  set(folder ${PROJECT_SOURCE_DIR}/lib/${room})
  file(GLOB headers CONFIGURE_DEPENDS ${folder}/*.h ${folder}/*.def)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE spind_warnings)
    # Where files are compiled together, most rooms are compiled at once: headers take a third of the
    # time.
    set_target_properties(${target} PROPERTIES UNITY_BUILD_BATCH_SIZE 20)
    set_property(GLOBAL APPEND PROPERTY SPIND_ROOMS_WITH_CODE ${target})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  spind_header_links(${target} ${room} ${headers})
  target_link_libraries(${target} ${scope} ${seen} ${ROOM_LINKS})
  set_property(GLOBAL APPEND PROPERTY SPIND_ROOMS ${room})
  set_property(GLOBAL APPEND PROPERTY SPIND_LINKS ${ROOM_LINKS})
endfunction()
