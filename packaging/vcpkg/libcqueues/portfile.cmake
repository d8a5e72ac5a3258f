# SPDX-License-Identifier: MIT
# An overlay port: `make dist`, then `vcpkg install libcqueues --overlay-ports=packaging/vcpkg`. Needs GNU make, and a cargo of
# the version that README.md names; nothing is fetched but OpenSSL, which vcpkg builds.

vcpkg_check_linkage(ONLY_DYNAMIC_LIBRARY)
set(VCPKG_BUILD_TYPE release) # one build for both: cargo has optimized it, with debug information

set(archive "${CMAKE_CURRENT_LIST_DIR}/../../../build/dist/libcqueues-${VERSION}.tar.gz")
if(NOT EXISTS "${archive}")
	message(FATAL_ERROR "${archive} is not there: call `make dist` first")
endif()
vcpkg_extract_source_archive(SOURCE_PATH ARCHIVE "${archive}")

# Where openssl-sys finds the headers, and the linker the library.
set(ENV{OPENSSL_DIR} "${CURRENT_INSTALLED_DIR}")
set(ENV{LDFLAGS} "-L${CURRENT_INSTALLED_DIR}/lib $ENV{LDFLAGS}")
find_program(MAKE NAMES gmake make REQUIRED)
vcpkg_execute_required_process(
	COMMAND "${MAKE}" install-lib "prefix=${CURRENT_PACKAGES_DIR}" "bindir=${CURRENT_PACKAGES_DIR}/tools/libcqueues" DESTDIR=
	WORKING_DIRECTORY "${SOURCE_PATH}"
	LOGNAME "install-${TARGET_TRIPLET}")

file(REMOVE "${CURRENT_PACKAGES_DIR}/lib/libcqueues.a")
vcpkg_fixup_pkgconfig()
# The folder of the package is not where it will be used.
vcpkg_cmake_config_fixup(PACKAGE_NAME cqueues CONFIG_PATH lib/cmake/cqueues)
file(READ "${CURRENT_PACKAGES_DIR}/share/cqueues/cqueuesConfig.cmake" config)
string(REPLACE "${CURRENT_PACKAGES_DIR}" "\${CMAKE_CURRENT_LIST_DIR}/../.." config "${config}")
file(WRITE "${CURRENT_PACKAGES_DIR}/share/cqueues/cqueuesConfig.cmake" "${config}")

vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
