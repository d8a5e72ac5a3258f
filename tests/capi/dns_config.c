/* SPDX-License-Identifier: MIT */
/* How a resolver asks, what it knows, and whom it asks first: configurations, hosts, hints. */

#include "fixture.h"

static cq_dns_config *new_config(void)
{
	cq_dns_config *config = NULL;

	OK(cq_dns_config_new(&config));
	return config;
}

static void load(const cq_dns_config *config, const char *text)
{
	OK(cq_dns_config_load(config, text, strlen(text), CQ_DNS_RESOLV_CONF, "resolv.conf"));
}

static void is_set_to(const cq_dns_config *config, const char *option, const char *wanted)
{
	char text[80];

	OK(cq_dns_config_get(config, option, text, sizeof text));
	if (strcmp(text, wanted) != 0) {
		printf("       %s is %s, not %s\n", option, text, wanted);
		CHECK(!"the right setting");
	}
}

/* A list's entries, joined by blanks. */
static const char *listed(const cq_dns_config *config, int list)
{
	static char all[1024];
	char entry[300];
	size_t index = 0, length;
	int code;

	all[0] = 0;
	while ((code = cq_dns_config_list(config, list, index, entry, sizeof entry, &length)) == 0) {
		EQ(length, strlen(entry));
		if (index++)
			strcat(all, " ");
		strcat(all, entry);
	}
	ERR(code, ENOENT);
	return all;
}

#define LISTS(config, list, wanted) TEXT(listed((config), (list)), strlen(listed((config), (list))), wanted)

/* Writes a file, and returns its path. */
static const char *file_of(const char *text)
{
	const char *path = temporary_path("dns");
	int fd = (int)SYS(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));

	plain_write(fd, text);
	close(fd);
	return path;
}

TEST(a_new_configuration_has_the_guide_s_defaults)
{
	cq_dns_config *config = new_config();

	LISTS(config, CQ_DNS_NAMESERVERS, "0.0.0.0");
	LISTS(config, CQ_DNS_SEARCH, "");
	LISTS(config, CQ_DNS_LOOKUP, "bind file");
	LISTS(config, CQ_DNS_WARNINGS, "");
	is_set_to(config, "ndots", "1");
	is_set_to(config, "timeout", "5");
	is_set_to(config, "attempts", "2");
	is_set_to(config, "cache", "true");
	is_set_to(config, "tcp", "0");
	is_set_to(config, "recurse", "false");
	is_set_to(config, "interface", "0.0.0.0");
	cq_dns_config_free(config);
}

TEST(a_file_sets_what_it_says_and_its_mistakes_are_listed)
{
	cq_dns_config *config = new_config();

	load(config, "nameserver 192.0.2.1\nnameserver [::1]:54\nsearch a.test b.test\nnonsense\n"
	             "options ndots:3 edns0 tcp:only colour:red\n");
	LISTS(config, CQ_DNS_NAMESERVERS, "192.0.2.1 [::1]:54");
	LISTS(config, CQ_DNS_SEARCH, "a.test. b.test.");
	LISTS(config, CQ_DNS_WARNINGS,
	      "resolv.conf:4: unknown keyword \"nonsense\" resolv.conf:5: unknown option \"colour\"");
	is_set_to(config, "ndots", "3");
	is_set_to(config, "edns0", "true");
	is_set_to(config, "tcp", "1");
	OK(cq_dns_config_load(config, "hosts: files dns", 16, CQ_DNS_NSSWITCH_CONF, "nsswitch.conf"));
	LISTS(config, CQ_DNS_LOOKUP, "file bind");
	ERR(cq_dns_config_load(config, "", 0, 2, "file"), EINVAL);
	cq_dns_config_free(config);
}

TEST(a_file_is_read_by_its_path)
{
	cq_dns_config *config = new_config();
	const char *path = file_of("nameserver 192.0.2.7\nwrong\n");
	char wanted[200];

	OK(cq_dns_config_loadpath(config, path, CQ_DNS_RESOLV_CONF));
	LISTS(config, CQ_DNS_NAMESERVERS, "192.0.2.7");
	snprintf(wanted, sizeof wanted, "%s:2: unknown keyword \"wrong\"", path);
	CHECK(strcmp(listed(config, CQ_DNS_WARNINGS), wanted) == 0);
	unlink(path);
	ERR(cq_dns_config_loadpath(config, path, CQ_DNS_RESOLV_CONF), ENOENT);
	ERR(cq_dns_config_loadpath(config, path, 7), EINVAL);
	cq_dns_config_free(config);
}

TEST(options_take_what_makes_sense)
{
	cq_dns_config *config = new_config();
	char text[80];

	OK(cq_dns_config_set(config, "timeout", "3"));
	is_set_to(config, "timeout", "3");
	OK(cq_dns_config_set(config, "interface", "[192.0.2.1]:99"));
	is_set_to(config, "interface", "[192.0.2.1]:99");
	OK(cq_dns_config_set(config, "ports", "8"));
	is_set_to(config, "ports", "8");
	is_set_to(config, "cookies", "true");
	OK(cq_dns_config_set(config, "cookies", "false"));
	is_set_to(config, "cookies", "false");
	is_set_to(config, "use-caps-for-id", "false");
	OK(cq_dns_config_set(config, "use-caps-for-id", "true"));
	is_set_to(config, "use-caps-for-id", "true");
	OK(cq_dns_config_set(config, "tcp", "disable"));
	is_set_to(config, "tcp", "2");
	ERR(cq_dns_config_set(config, "timeout", "soon"), EINVAL);
	ERR(cq_dns_config_set(config, "rotate", "often"), EINVAL);
	ERR(cq_dns_config_set(config, "colour", "red"), ENOENT);
	ERR(cq_dns_config_set(config, "interface", "eth0"), CQ_EADDRESS);
	ERR(cq_dns_config_get(config, "colour", text, sizeof text), ENOENT);
	ERR(cq_dns_config_get(config, "interface", text, 5), CQ_ENOBUFS);
	cq_dns_config_free(config);
}

TEST(lists_are_emptied_and_added_to)
{
	cq_dns_config *config = new_config();
	char text[8];
	size_t length = 0;
	int i;

	OK(cq_dns_config_clear(config, CQ_DNS_NAMESERVERS));
	LISTS(config, CQ_DNS_NAMESERVERS, "");
	for (i = 0; i < 3; i++)
		OK(cq_dns_config_add(config, CQ_DNS_NAMESERVERS, "[192.0.2.1]:5300"));
	ERR(cq_dns_config_add(config, CQ_DNS_NAMESERVERS, "192.0.2.1"), ENOSPC);
	for (i = 0; i < 40; i++)
		OK(cq_dns_config_add(config, CQ_DNS_SEARCH, "example.com"));
	OK(cq_dns_config_clear(config, CQ_DNS_LOOKUP));
	OK(cq_dns_config_add(config, CQ_DNS_LOOKUP, "file"));
	LISTS(config, CQ_DNS_LOOKUP, "file");
	ERR(cq_dns_config_add(config, CQ_DNS_LOOKUP, "yp"), ENOENT);
	OK(cq_dns_config_clear(config, CQ_DNS_NAMESERVERS));
	ERR(cq_dns_config_add(config, CQ_DNS_NAMESERVERS, "localhost"), CQ_EADDRESS);
	OK(cq_dns_config_clear(config, CQ_DNS_SEARCH));
	ERR(cq_dns_config_add(config, CQ_DNS_SEARCH, "a..b"), CQ_EILLEGAL);
	ERR(cq_dns_config_add(config, CQ_DNS_WARNINGS, "beware"), EINVAL);
	ERR(cq_dns_config_add(config, 9, "x"), EINVAL);
	ERR(cq_dns_config_clear(config, 9), EINVAL);
	ERR(cq_dns_config_list(config, 9, 0, text, sizeof text, NULL), EINVAL);
	OK(cq_dns_config_add(config, CQ_DNS_NAMESERVERS, "[192.0.2.1]:5300"));
	ERR(cq_dns_config_list(config, CQ_DNS_NAMESERVERS, 0, text, sizeof text, &length), CQ_ENOBUFS);
	EQ(length, strlen("[192.0.2.1]:5300"));
	load(config, "nonsense");
	OK(cq_dns_config_clear(config, CQ_DNS_WARNINGS));
	LISTS(config, CQ_DNS_WARNINGS, "");
	cq_dns_config_free(config);
}

TEST(the_names_to_ask_for_are_told_in_turn)
{
	cq_dns_config *config = new_config();
	char text[64];

	load(config, "search a.test b.test\n");
	OK(cq_dns_config_candidate(config, "www", 0, text, sizeof text));
	TEXT(text, strlen(text), "www.a.test.");
	OK(cq_dns_config_candidate(config, "www", 2, text, sizeof text));
	TEXT(text, strlen(text), "www.");
	ERR(cq_dns_config_candidate(config, "www", 3, text, sizeof text), ENOENT);
	OK(cq_dns_config_candidate(config, "www.x", 0, text, sizeof text));
	TEXT(text, strlen(text), "www.x.");
	ERR(cq_dns_config_candidate(config, "www", 0, text, 5), CQ_ENOBUFS);
	cq_dns_config_free(config);
}

TEST(a_configuration_written_out_reads_in_the_same)
{
	cq_dns_config *config = new_config(), *copy = new_config();
	char text[1000], again[1000];
	size_t length;

	load(config, "nameserver [192.0.2.1]:99\nsearch a.test\nlookup file bind\noptions ndots:4 smart nocache\n");
	OK(cq_dns_config_format(config, text, sizeof text, &length));
	EQ(length, strlen(text));
	load(copy, text);
	OK(cq_dns_config_format(copy, again, sizeof again, NULL));
	CHECK(strcmp(text, again) == 0);
	ERR(cq_dns_config_format(config, text, 10, &length), CQ_ENOBUFS);
	EQ(length, strlen(again));
	cq_dns_config_free(config);
	cq_dns_config_free(copy);
}

TEST(the_system_s_files_make_a_configuration)
{
	cq_dns_config *config;

	OK(cq_dns_config_stub(&config));
	CHECK(listed(config, CQ_DNS_NAMESERVERS)[0] != 0);
	is_set_to(config, "recurse", "false");
	cq_dns_config_free(config);
	OK(cq_dns_config_root(&config));
	is_set_to(config, "recurse", "true");
	cq_dns_config_free(config);
}

TEST(hosts_hold_what_is_loaded_and_inserted)
{
	cq_dns_hosts *hosts;
	const char *path = file_of("192.0.2.3 three\n");
	char text[300];
	size_t length;

	OK(cq_dns_hosts_new(&hosts));
	OK(cq_dns_hosts_load(hosts, "192.0.2.1 one uno\n300 x\n", 24, "hosts"));
	OK(cq_dns_hosts_insert(hosts, "::2", "two.test", true));
	OK(cq_dns_hosts_loadpath(hosts, path));
	unlink(path);
	ERR(cq_dns_hosts_loadpath(hosts, path), ENOENT);
	OK(cq_dns_hosts_format(hosts, text, sizeof text, &length));
	TEXT(text, length,
	     "192.0.2.1        one.\n192.0.2.1        uno.\n::2              two.test.\n192.0.2.3        three.\n");
	ERR(cq_dns_hosts_format(hosts, text, 3, &length), CQ_ENOBUFS);
	OK(cq_dns_hosts_warning(hosts, 0, text, sizeof text, &length));
	TEXT(text, length, "hosts:2: bad address \"300\"");
	ERR(cq_dns_hosts_warning(hosts, 0, text, 3, NULL), CQ_ENOBUFS);
	ERR(cq_dns_hosts_warning(hosts, 1, text, sizeof text, NULL), ENOENT);
	ERR(cq_dns_hosts_insert(hosts, "300", "x", true), CQ_EADDRESS);
	ERR(cq_dns_hosts_insert(hosts, "::1", "a..b", true), CQ_EILLEGAL);
	cq_dns_hosts_free(hosts);
	OK(cq_dns_hosts_stub(&hosts));
	cq_dns_hosts_free(hosts);
}

TEST(hints_hold_the_servers_of_zones)
{
	cq_dns_config *config = new_config();
	cq_dns_hints *hints;
	char text[300];
	size_t length, index;
	int priority = 0;

	OK(cq_dns_hints_new(&hints));
	OK(cq_dns_hints_insert(hints, "test", "192.0.2.2", 2));
	OK(cq_dns_hints_insert(hints, "TEST.", "[::1]:5300", 1));
	OK(cq_dns_hints_grep(hints, "test", 0, text, sizeof text, &priority));
	TEXT(text, strlen(text), "[::1]:5300");
	EQ(priority, 1);
	OK(cq_dns_hints_grep(hints, "test", 1, text, sizeof text, NULL));
	TEXT(text, strlen(text), "192.0.2.2");
	ERR(cq_dns_hints_grep(hints, "test", 2, text, sizeof text, NULL), ENOENT);
	ERR(cq_dns_hints_grep(hints, ".", 0, text, sizeof text, NULL), ENOENT);
	ERR(cq_dns_hints_grep(hints, "a..b", 0, text, sizeof text, NULL), CQ_EILLEGAL);
	ERR(cq_dns_hints_grep(hints, "test", 0, text, 4, NULL), CQ_ENOBUFS);
	load(config, "nameserver 192.0.2.8\nnameserver 192.0.2.9\n");
	OK(cq_dns_hints_insert_config(hints, ".", config));
	OK(cq_dns_hints_format(hints, text, sizeof text, &length));
	TEXT(text, length,
	     "ZONE \".\"\n\t(1) [192.0.2.8]:53\n\t(2) [192.0.2.9]:53\n"
	     "ZONE \"test.\"\n\t(2) [192.0.2.2]:53\n\t(1) [::1]:5300\n");
	ERR(cq_dns_hints_format(hints, text, 4, &length), CQ_ENOBUFS);
	ERR(cq_dns_hints_insert(hints, "test", "localhost", 1), CQ_EADDRESS);
	ERR(cq_dns_hints_insert(hints, "a..b", "::1", 1), CQ_EILLEGAL);
	ERR(cq_dns_hints_insert_config(hints, "a..b", config), CQ_EILLEGAL);
	cq_dns_hints_free(hints);
	OK(cq_dns_hints_stub(config, &hints));
	OK(cq_dns_hints_grep(hints, ".", 1, text, sizeof text, NULL));
	TEXT(text, strlen(text), "192.0.2.9");
	cq_dns_hints_free(hints);
	OK(cq_dns_hints_stub(NULL, &hints));
	cq_dns_hints_free(hints);
	OK(cq_dns_hints_root(&hints));
	for (index = 0; cq_dns_hints_grep(hints, ".", index, text, sizeof text, NULL) == 0; index++)
		;
	EQ(index, 26);
	cq_dns_hints_free(hints);
	cq_dns_config_free(config);
}

TEST(null_is_an_invalid_argument_and_never_a_crash)
{
	cq_dns_config *config = new_config();
	cq_dns_hosts *hosts;
	cq_dns_hints *hints;
	char text[8];
	size_t size;
	int priority;

	OK(cq_dns_hosts_new(&hosts));
	OK(cq_dns_hints_new(&hints));
	ERR(cq_dns_config_new(NULL), EINVAL);
	ERR(cq_dns_config_stub(NULL), EINVAL);
	ERR(cq_dns_config_root(NULL), EINVAL);
	cq_dns_config_free(NULL);
	ERR(cq_dns_config_load(NULL, "", 0, 0, "f"), EINVAL);
	ERR(cq_dns_config_load(config, NULL, 1, 0, "f"), EINVAL);
	ERR(cq_dns_config_load(config, "", 0, 0, NULL), EINVAL);
	ERR(cq_dns_config_loadpath(NULL, "f", 0), EINVAL);
	ERR(cq_dns_config_loadpath(config, NULL, 0), EINVAL);
	ERR(cq_dns_config_set(NULL, "ndots", "1"), EINVAL);
	ERR(cq_dns_config_set(config, NULL, "1"), EINVAL);
	ERR(cq_dns_config_set(config, "ndots", NULL), EINVAL);
	ERR(cq_dns_config_get(NULL, "ndots", text, sizeof text), EINVAL);
	ERR(cq_dns_config_get(config, NULL, text, sizeof text), EINVAL);
	ERR(cq_dns_config_get(config, "ndots", NULL, 8), EINVAL);
	ERR(cq_dns_config_list(NULL, 0, 0, text, sizeof text, &size), EINVAL);
	ERR(cq_dns_config_list(config, 0, 0, NULL, 8, &size), EINVAL);
	ERR(cq_dns_config_clear(NULL, 0), EINVAL);
	ERR(cq_dns_config_add(NULL, 0, "::1"), EINVAL);
	ERR(cq_dns_config_add(config, 0, NULL), EINVAL);
	ERR(cq_dns_config_candidate(NULL, "a", 0, text, sizeof text), EINVAL);
	ERR(cq_dns_config_candidate(config, NULL, 0, text, sizeof text), EINVAL);
	ERR(cq_dns_config_candidate(config, "a", 0, NULL, 8), EINVAL);
	ERR(cq_dns_config_format(NULL, text, sizeof text, &size), EINVAL);
	ERR(cq_dns_config_format(config, NULL, 8, &size), EINVAL);
	ERR(cq_dns_hosts_new(NULL), EINVAL);
	ERR(cq_dns_hosts_stub(NULL), EINVAL);
	cq_dns_hosts_free(NULL);
	ERR(cq_dns_hosts_load(NULL, "", 0, "f"), EINVAL);
	ERR(cq_dns_hosts_load(hosts, NULL, 1, "f"), EINVAL);
	ERR(cq_dns_hosts_load(hosts, "", 0, NULL), EINVAL);
	ERR(cq_dns_hosts_loadpath(NULL, "f"), EINVAL);
	ERR(cq_dns_hosts_loadpath(hosts, NULL), EINVAL);
	ERR(cq_dns_hosts_insert(NULL, "::1", "a", true), EINVAL);
	ERR(cq_dns_hosts_insert(hosts, NULL, "a", true), EINVAL);
	ERR(cq_dns_hosts_insert(hosts, "::1", NULL, true), EINVAL);
	ERR(cq_dns_hosts_warning(NULL, 0, text, sizeof text, &size), EINVAL);
	OK(cq_dns_hosts_load(hosts, "300", 3, "f"));
	ERR(cq_dns_hosts_warning(hosts, 0, NULL, 8, &size), EINVAL);
	ERR(cq_dns_hosts_format(NULL, text, sizeof text, &size), EINVAL);
	ERR(cq_dns_hosts_format(hosts, NULL, 8, &size), EINVAL);
	ERR(cq_dns_hints_new(NULL), EINVAL);
	ERR(cq_dns_hints_stub(config, NULL), EINVAL);
	ERR(cq_dns_hints_root(NULL), EINVAL);
	cq_dns_hints_free(NULL);
	ERR(cq_dns_hints_insert(NULL, ".", "::1", 1), EINVAL);
	ERR(cq_dns_hints_insert(hints, NULL, "::1", 1), EINVAL);
	ERR(cq_dns_hints_insert(hints, ".", NULL, 1), EINVAL);
	ERR(cq_dns_hints_insert_config(NULL, ".", config), EINVAL);
	ERR(cq_dns_hints_insert_config(hints, NULL, config), EINVAL);
	ERR(cq_dns_hints_insert_config(hints, ".", NULL), EINVAL);
	ERR(cq_dns_hints_grep(NULL, ".", 0, text, sizeof text, &priority), EINVAL);
	ERR(cq_dns_hints_grep(hints, NULL, 0, text, sizeof text, &priority), EINVAL);
	OK(cq_dns_hints_insert(hints, ".", "::1", 1));
	ERR(cq_dns_hints_grep(hints, ".", 0, NULL, 8, &priority), EINVAL);
	ERR(cq_dns_hints_format(NULL, text, sizeof text, &size), EINVAL);
	ERR(cq_dns_hints_format(hints, NULL, 8, &size), EINVAL);
	cq_dns_config_free(config);
	cq_dns_hosts_free(hosts);
	cq_dns_hints_free(hints);
}
