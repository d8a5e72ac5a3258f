# SPDX-License-Identifier: MIT
# Builds the archive of `make dist` in the clone that the formula lies in. Who publishes the archive names its address and
# checksum here.
class Libcqueues < Formula
  desc "Tasks on one pollable controller, with buffered sockets, TLS and DNS"
  url "file://#{File.expand_path("../../build/dist/libcqueues-1.0.0.tar.gz", __dir__)}"
  license "MIT"

  depends_on "make" => :build
  depends_on "pkgconf" => [:build, :test]
  depends_on "rust" => :build
  depends_on "lua"
  depends_on "openssl@3"

  def install
    ENV["OPENSSL_DIR"] = Formula["openssl@3"].opt_prefix
    ENV.append "LDFLAGS", "-L#{Formula["openssl@3"].opt_lib}"
    system "gmake", "install", "prefix=#{prefix}", "mandir=#{man}", "docdir=#{doc}"
  end

  test do
    (testpath/"version.c").write <<~C
      #include <cqueues.h>
      int main(void) { return cq_version() == 0; }
    C
    flags = shell_output("pkg-config --cflags --libs cqueues").split
    system ENV.cc, "version.c", *flags, "-o", "version"
    system "./version"
  end
end
