/* SPDX-License-Identifier: MIT */
/*
 * Asks the DNS, much as dig(1) does.
 *
 *   dig [OPTION...] NAME [TYPE [CLASS]]
 *   dig [OPTION...] --batch FILE        asks for the lines "NAME [TYPE]" of the file, "-" the standard input
 *
 * Ends with 0 if there was an answer ("no such name" is one), with 1 if there was none, with 2 if it was
 * not understood.
 */

#include <cqueues.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: dig [OPTION...] NAME [TYPE [CLASS]]\n"
	"       dig [OPTION...] --batch FILE\n"
	"  @ADDRESS             ask this server, \"127.0.0.1\", \"[::1]:5300\" or \"tls://127.0.0.1#NAME\"; up to three\n"
	"  --root FILE          ask from the top: FILE has a root server a line, \"ZONE ADDRESS\"\n"
	"  --config FILE        ask as this resolv.conf says; without all of these, as the system's\n"
	"  --hosts FILE         look into this hosts file first\n"
	"  --search DOMAIN      append to names with few dots\n"
	"  --ndots N            how many dots are not few\n"
	"  --attempts N         how often to ask each server\n"
	"  --timeout SECONDS    how long to wait for each\n"
	"  --deadline SECONDS   how long to wait for all\n"
	"  --tcp=enable|only|disable\n"
	"  --edns --no-cookies --use-caps-for-id --rotate --smart --no-cache --ports N\n"
	"  --short              print the data only, a record a line\n"
	"  --stat               print what went over the network, when all is done\n";

static cq_dns_config *config;
static cq_dns_hosts *hosts;
static cq_dns_hints *hints;
static cq_dns_resolver *resolver;
static int in_short;
static double deadline = NAN;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "dig: %s: %s\n", what, why);
	exit(2);
}

static void check(int error, const char *what)
{
	if (error)
		fail(what, cq_strerror(error));
}

/* -- What is asked, and how ------------------------------------------------------------------ */

/* Calls `use` with the words of each line; what begins with # is a comment. */
static void each_line(const char *path, void (*use)(char **words, int count))
{
	FILE *file = strcmp(path, "-") ? fopen(path, "r") : stdin;
	char line[2048];

	if (!file)
		fail(path, strerror(errno));
	while (fgets(line, sizeof line, file)) {
		char *words[4];
		int count = 0;

		for (char *word = strtok(line, " \t\r\n"); word && count < 4; word = strtok(NULL, " \t\r\n"))
			words[count++] = word;
		if (count && *words[0] != '#')
			use(words, count);
	}
	if (file != stdin)
		fclose(file);
}

static void add_root(char **words, int count)
{
	if (count < 2)
		fail(words[0], "no address");
	check(cq_dns_hints_insert(hints, words[0], words[1], 1), words[1]);
}

static void look_into_hosts(const char *path)
{
	check(cq_dns_hosts_loadpath(hosts, path), path);
	check(cq_dns_config_clear(config, CQ_DNS_LOOKUP), "lookup");
	check(cq_dns_config_add(config, CQ_DNS_LOOKUP, "file"), "lookup");
	check(cq_dns_config_add(config, CQ_DNS_LOOKUP, "bind"), "lookup");
}

static void set(const char *option, const char *value)
{
	char what[64];

	snprintf(what, sizeof what, "%s %s", option, value);
	check(cq_dns_config_set(config, option, value), what);
}

/* The arguments that say where to begin must be known before the others are applied. */
static void configure(const char *path, const char *root, int servers)
{
	if (path) {
		check(cq_dns_config_new(&config), "configuration");
		check(cq_dns_config_loadpath(config, path, CQ_DNS_RESOLV_CONF), path);
	} else if (root || servers) {
		check(cq_dns_config_new(&config), "configuration");
	} else {
		check(cq_dns_config_stub(&config), "configuration");
		return;
	}
	check(cq_dns_config_clear(config, CQ_DNS_LOOKUP), "lookup");
	check(cq_dns_config_add(config, CQ_DNS_LOOKUP, "bind"), "lookup");
	if (servers)
		check(cq_dns_config_clear(config, CQ_DNS_NAMESERVERS), "servers");
	if (root) {
		set("recurse", "true");
		check(cq_dns_hints_new(&hints), "hints");
		each_line(root, add_root);
	}
}

static const struct option options[] = {
	{ "root", required_argument, NULL, 'r' },     { "config", required_argument, NULL, 'c' },
	{ "hosts", required_argument, NULL, 'h' },    { "search", required_argument, NULL, 's' },
	{ "batch", required_argument, NULL, 'b' },    { "deadline", required_argument, NULL, 'd' },
	{ "ndots", required_argument, NULL, 'o' },    { "attempts", required_argument, NULL, 'o' },
	{ "timeout", required_argument, NULL, 'o' },  { "ports", required_argument, NULL, 'o' },
	{ "tcp", required_argument, NULL, 'o' },      { "edns", no_argument, NULL, 'e' },
	{ "rotate", no_argument, NULL, 'f' },         { "smart", no_argument, NULL, 'f' },
	{ "no-cache", no_argument, NULL, 'n' },       { "short", no_argument, &in_short, 1 },
	{ "no-cookies", no_argument, NULL, 'k' },     { "use-caps-for-id", no_argument, NULL, 'f' },
	{ "stat", no_argument, NULL, 't' },           { NULL, 0, NULL, 0 },
};

static double number(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end)
		fail(text, "no number");
	return value;
}

/* -- Asking ---------------------------------------------------------------------------------- */

static void print_short(const cq_dns_packet *packet)
{
	cq_dns_selector answers = { .size = sizeof answers, .sections = CQ_DNS_ANSWER };
	cq_dns_record record;
	uint64_t cursor = 0;
	static char text[4 * 65536];

	while (!cq_dns_packet_grep(packet, &answers, &cursor, &record))
		if (!cq_dns_record_format(&record, text, sizeof text, NULL))
			puts(text);
}

static void print(const cq_dns_packet *packet)
{
	char reason[512] = "", *text;
	size_t length = 0;

	cq_dns_packet_format(packet, NULL, 0, &length);
	text = malloc(length + 1);
	if (!text)
		fail("answer", strerror(ENOMEM));
	check(cq_dns_packet_format(packet, text, length + 1, NULL), "answer");
	fputs(text, stdout);
	free(text);
	cq_dns_resolver_reason(resolver, reason, sizeof reason, NULL);
	if (*reason)
		printf("\n;; %s\n", reason);
}

/* Why there is no answer: the name, the server and what it did, if that is known. */
static int explain(const char *name, const char *type, int error)
{
	char reason[512] = "";

	cq_dns_resolver_reason(resolver, reason, sizeof reason, NULL);
	fflush(stdout);
	fprintf(stderr, "dig: %s %s: %s%s%s\n", name, type, cq_strerror(error), *reason ? ": " : "", reason);
	return 1;
}

static int ask(const char *name, const char *type, const char *class)
{
	unsigned int type_number, class_number;
	cq_dns_packet *packet;
	int error;

	if (cq_dns_type_number(type, &type_number))
		fail(type, "unknown type");
	if (cq_dns_class_number(class, &class_number))
		fail(class, "unknown class");
	error = cq_dns_resolver_query(resolver, name, type_number, class_number, deadline, &packet);
	if (error)
		return explain(name, type, error);
	if (in_short)
		print_short(packet);
	else
		print(packet);
	cq_dns_packet_free(packet);
	return 0;
}

static int failures;

static void ask_line(char **words, int count)
{
	const char *type = count > 1 ? words[1] : "A";

	failures |= ask(words[0], type, count > 2 ? words[2] : "IN");
	printf(";; asked %s %s\n", words[0], type);
	fflush(stdout);
}

static void print_stat(void)
{
	cq_dns_stat stat;

	check(cq_dns_resolver_stat(resolver, &stat), "statistics");
	printf("; queries %llu\n", (unsigned long long)stat.queries);
	const struct {
		const char *name;
		struct cq_dns_traffic traffic;
	} rows[] = {
		{ "udp.sent", stat.udp_sent },
		{ "udp.rcvd", stat.udp_received },
		{ "tcp.sent", stat.tcp_sent },
		{ "tcp.rcvd", stat.tcp_received },
	};
	for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
		printf("; %s.count %llu\n", rows[row].name, (unsigned long long)rows[row].traffic.count);
		printf("; %s.bytes %llu\n", rows[row].name, (unsigned long long)rows[row].traffic.bytes);
	}
}

/* -------------------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	const char *path = NULL, *root = NULL, *batch = NULL;
	const char *words[3] = { NULL, "A", "IN" };
	int count = 0, servers = 0, stat = 0, option, index;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?') {
			fputs(usage, stderr);
			return 2;
		}
		path = option == 'c' ? optarg : path;
		root = option == 'r' ? optarg : root;
	}
	for (index = optind; index < argc; index++)
		servers += *argv[index] == '@';
	configure(path, root, servers);
	/* Without servers, the system's hosts are looked into, too; with some, a program's own or none. */
	if (path || root || servers)
		check(cq_dns_hosts_new(&hosts), "hosts");

	for (optind = 1; (option = getopt_long(argc, argv, "", options, &index)) != -1;)
		switch (option) {
		case 'h':
			if (!hosts)
				check(cq_dns_hosts_new(&hosts), "hosts");
			look_into_hosts(optarg);
			break;
		case 's': check(cq_dns_config_add(config, CQ_DNS_SEARCH, optarg), optarg); break;
		case 'b': batch = optarg; break;
		case 'd': deadline = number(optarg); break;
		case 'o': set(options[index].name, optarg); break;
		case 'f': set(options[index].name, "true"); break;
		case 'e': set("edns0", "true"); break;
		case 'n': set("cache", "false"); break;
		case 'k': set("cookies", "false"); break;
		case 't': stat = 1; break;
		}
	for (; optind < argc; optind++)
		if (*argv[optind] == '@')
			check(cq_dns_config_add(config, CQ_DNS_NAMESERVERS, argv[optind] + 1), argv[optind]);
		else if (count < 3)
			words[count++] = argv[optind];
	if (!count == !batch) {
		fputs(usage, stderr);
		return 2;
	}

	check(cq_dns_resolver_new(config, hosts, hints, &resolver), "resolver");
	if (batch)
		each_line(batch, ask_line);
	else
		failures = ask(words[0], words[1], words[2]);
	if (stat)
		print_stat();
	cq_dns_resolver_free(resolver);
	cq_dns_hints_free(hints);
	cq_dns_hosts_free(hosts);
	cq_dns_config_free(config);
	return failures;
}
