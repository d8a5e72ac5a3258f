# SPDX-License-Identifier: MIT
# Runs the port as vcpkg would, with stand-ins for the functions of vcpkg's that it calls: that its commands work, and that what
# it installs can be moved. WORK is where to.
cmake_minimum_required(VERSION 3.18)

function(vcpkg_check_linkage)
endfunction()

function(vcpkg_extract_source_archive result word archive)
	file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${WORK}/source")
	file(GLOB folder "${WORK}/source/*")
	set(${result} "${folder}" PARENT_SCOPE)
endfunction()

function(vcpkg_execute_required_process)
	cmake_parse_arguments(PARSE_ARGV 0 arg "" "WORKING_DIRECTORY;LOGNAME" "COMMAND")
	execute_process(COMMAND ${arg_COMMAND} WORKING_DIRECTORY "${arg_WORKING_DIRECTORY}" RESULT_VARIABLE status)
	if(status)
		message(FATAL_ERROR "${arg_COMMAND}: ${status}")
	endif()
endfunction()

function(vcpkg_fixup_pkgconfig)
endfunction()

function(vcpkg_cmake_config_fixup)
	cmake_parse_arguments(PARSE_ARGV 0 arg "" "PACKAGE_NAME;CONFIG_PATH" "")
	file(MAKE_DIRECTORY "${CURRENT_PACKAGES_DIR}/share")
	file(RENAME "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}" "${CURRENT_PACKAGES_DIR}/share/${arg_PACKAGE_NAME}")
endfunction()

function(vcpkg_install_copyright word file)
	file(COPY "${file}" DESTINATION "${CURRENT_PACKAGES_DIR}/share/libcqueues")
endfunction()

file(READ "${PORT}/vcpkg.json" json)
string(JSON VERSION GET "${json}" version)
set(CURRENT_PACKAGES_DIR "${WORK}/packages")
# The system's OpenSSL stands in for the one that vcpkg builds.
set(CURRENT_INSTALLED_DIR "${WORK}/installed")
file(MAKE_DIRECTORY "${CURRENT_INSTALLED_DIR}/include" "${CURRENT_INSTALLED_DIR}/lib")
execute_process(COMMAND pkg-config --variable=includedir openssl OUTPUT_VARIABLE include OUTPUT_STRIP_TRAILING_WHITESPACE)
execute_process(COMMAND pkg-config --variable=libdir openssl OUTPUT_VARIABLE lib OUTPUT_STRIP_TRAILING_WHITESPACE)
file(CREATE_LINK "${include}/openssl" "${CURRENT_INSTALLED_DIR}/include/openssl" SYMBOLIC)
foreach(library libssl.so libcrypto.so)
	file(CREATE_LINK "${lib}/${library}" "${CURRENT_INSTALLED_DIR}/lib/${library}" SYMBOLIC)
endforeach()
set(TARGET_TRIPLET here)
include("${PORT}/portfile.cmake")
