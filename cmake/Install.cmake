# What goes where. The policy's, the state's and the sockets' directories are fixed (design section 4); the others follow the
# prefix, and systemd's own come from pkg-config where it knows them.
pkg_get_variable(SYSTEMD_UNIT_DIR systemd systemd_system_unit_dir)
if(NOT SYSTEMD_UNIT_DIR)
  set(SYSTEMD_UNIT_DIR lib/systemd/system)
endif()
# Debian 12 says /lib, which is /usr/lib by its merged /usr; later releases want packages to say so.
string(REGEX REPLACE "^/lib/" "/usr/lib/" SYSTEMD_UNIT_DIR ${SYSTEMD_UNIT_DIR})

configure_file(systemd/memguardd.service.in memguardd.service @ONLY)
configure_file(systemd/memguard-uprobe.service.in memguard-uprobe.service @ONLY)
configure_file(systemd/memguard-journal.service.in memguard-journal.service @ONLY)

install(TARGETS memguardd DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS memguardctl DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS memguard-journal DESTINATION lib/memguard)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/memguardd.service DESTINATION ${SYSTEMD_UNIT_DIR})
install(TARGETS memguard-uprobe DESTINATION lib/memguard)
install(FILES systemd/memguard-uprobe.socket ${CMAKE_CURRENT_BINARY_DIR}/memguard-uprobe.service
  DESTINATION ${SYSTEMD_UNIT_DIR})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/memguard-journal.service systemd/memguard-journal.socket
        DESTINATION ${SYSTEMD_UNIT_DIR})
# Debian's own folder of modules for every Python 3, and the one for services that memguardctl instrument has set up.
set(PYTHON_MODULE_DIR ${CMAKE_INSTALL_PREFIX}/lib/python3/dist-packages)
configure_file(tools/python/site/sitecustomize.py sitecustomize.py @ONLY)
install(FILES tools/python/memguard.py DESTINATION lib/python3/dist-packages)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sitecustomize.py DESTINATION lib/memguard/python)
install(FILES systemd/memguard.catalog DESTINATION lib/systemd/catalog)
install(DIRECTORY conf/policy.d/ DESTINATION lib/memguard/policy.d FILES_MATCHING PATTERN "*.conf")
install(DIRECTORY conf/examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples FILES_MATCHING PATTERN "*.conf")
install(DIRECTORY DESTINATION /etc/memguard/policy.d)
install(FILES README.md NEWS.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(FILES tools/completion/memguardctl.bash DESTINATION share/bash-completion/completions RENAME memguardctl)
install(FILES tools/man/memguardctl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES tools/man/memguard.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
install(FILES conf/man/memguard.policy.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES systemd/man/memguardd.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
