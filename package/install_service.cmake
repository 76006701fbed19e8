# Installs wherefrom.service and its config for the prefix that things are installed below: /usr has its config in /etc.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(sysconfdir /etc)
else()
  set(sysconfdir ${CMAKE_INSTALL_PREFIX}/etc)
endif()
set(bindir ${CMAKE_INSTALL_PREFIX}/bin)

set(unit $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/systemd/system/wherefrom.service)
message(STATUS "Installing: ${unit}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/wherefrom.service.in ${unit} @ONLY FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

# What somebody wrote into the config stays.
if(EXISTS $ENV{DESTDIR}${sysconfdir}/wherefrom/wherefrom.yaml)
  message(STATUS "Kept: $ENV{DESTDIR}${sysconfdir}/wherefrom/wherefrom.yaml")
else()
  file(INSTALL ${CMAKE_CURRENT_LIST_DIR}/wherefrom.yaml DESTINATION ${sysconfdir}/wherefrom)
endif()
