/* SPDX-License-Identifier: MIT */
/* Messages and records: made, read, printed; and what is refused. */

#include "fixture.h"

static cq_dns_packet *new_packet(size_t size)
{
	cq_dns_packet *packet = NULL;

	OK(cq_dns_packet_new(size, &packet));
	return packet;
}

static void push_address(cq_dns_packet *packet, unsigned section, const char *name, uint32_t ttl)
{
	OK(cq_dns_packet_push(packet, section, name, 1, 1, ttl, "\300\0\2\1", 4));
}

/* A question, an alias, an address, a server and its address. */
static cq_dns_packet *usual(void)
{
	cq_dns_packet *packet = new_packet(512);

	OK(cq_dns_packet_set_qid(packet, 0x14711));
	OK(cq_dns_packet_set_flags(packet, 0x8180));
	OK(cq_dns_packet_push(packet, CQ_DNS_QUESTION, "www.example.com", 1, 1, 0, NULL, 0));
	OK(cq_dns_packet_push(packet, CQ_DNS_ANSWER, "www.example.com", 5, 1, 60, "\3web\7example\3com", 17));
	push_address(packet, CQ_DNS_ANSWER, "web.example.com", 30);
	OK(cq_dns_packet_push(packet, CQ_DNS_AUTHORITY, "example.com", 15, 1, 9, "\0\12\2mx\7example\3com", 18));
	push_address(packet, CQ_DNS_ADDITIONAL, "mx.example.com", 9);
	return packet;
}

static cq_dns_selector select_all(void)
{
	cq_dns_selector selector;

	memset(&selector, 0, sizeof selector);
	selector.size = sizeof selector;
	return selector;
}

static unsigned count_of(const cq_dns_packet *packet, const cq_dns_selector *selector)
{
	cq_dns_record record;
	uint64_t cursor = 0;
	unsigned count = 0;
	int code;

	while ((code = cq_dns_packet_grep(packet, selector, &cursor, &record)) == 0)
		count++;
	ERR(code, ENOENT);
	ERR(cq_dns_packet_grep(packet, selector, &cursor, &record), ENOENT);
	return count;
}

/* The first record of a type. */
static cq_dns_record first(const cq_dns_packet *packet, uint16_t type)
{
	cq_dns_selector selector = select_all();
	cq_dns_record record;
	uint64_t cursor = 0;

	selector.rtype = type;
	selector.sections = CQ_DNS_ANSWER | CQ_DNS_AUTHORITY | CQ_DNS_ADDITIONAL;
	OK(cq_dns_packet_grep(packet, &selector, &cursor, &record));
	return record;
}

TEST(what_is_pushed_is_found_again)
{
	cq_dns_packet *packet = usual();
	cq_dns_selector selector = select_all();

	EQ(cq_dns_packet_qid(packet), 0x4711);
	EQ(cq_dns_packet_flags(packet), 0x8180);
	EQ(cq_dns_packet_rcode(packet), 0);
	EQ(cq_dns_packet_count(packet, 15), 5);
	EQ(cq_dns_packet_count(packet, CQ_DNS_ANSWER), 2);
	EQ(cq_dns_packet_count(packet, CQ_DNS_QUESTION | CQ_DNS_AUTHORITY), 2);
	EQ(count_of(packet, NULL), 5);
	EQ(count_of(packet, &selector), 5);
	selector.sections = CQ_DNS_ANSWER | CQ_DNS_ADDITIONAL;
	EQ(count_of(packet, &selector), 3);
	selector.rtype = 1;
	EQ(count_of(packet, &selector), 2);
	selector.name = "MX.example.com";
	EQ(count_of(packet, &selector), 1);
	selector.rclass = 3;
	EQ(count_of(packet, &selector), 0);
	selector.rclass = 255;
	selector.rtype = 255;
	EQ(count_of(packet, &selector), 1);
	cq_dns_packet_free(packet);
}

TEST(records_tell_their_names_and_data)
{
	cq_dns_packet *packet = usual();
	cq_dns_record record = first(packet, 15);
	char text[64];
	size_t length;
	uint32_t number;
	const void *address;

	EQ(record.section, CQ_DNS_AUTHORITY);
	EQ(record.ttl, 9);
	EQ(record.rclass, 1);
	OK(cq_dns_record_name(&record, text, sizeof text, &length));
	TEXT(text, length, "example.com.");
	OK(cq_dns_record_format(&record, text, sizeof text, &length));
	TEXT(text, length, "10 mx.example.com.");
	OK(cq_dns_record_number(&record, "preference", &number));
	EQ(number, 10);
	OK(cq_dns_record_text(&record, "host", text, sizeof text, &length));
	TEXT(text, length, "mx.example.com.");
	record = first(packet, 1);
	OK(cq_dns_record_address(&record, &address, &length));
	TEXT(address, length, "\300\0\2\1");
	OK(cq_dns_record_text(&record, "addr", text, sizeof text, NULL));
	TEXT(text, strlen(text), "192.0.2.1");
	cq_dns_packet_free(packet);
}

TEST(a_member_that_a_record_does_not_have_is_not_told)
{
	cq_dns_packet *packet = usual();
	cq_dns_record record = first(packet, 15);
	char text[64];
	uint32_t number;
	size_t size;
	const void *address;

	ERR(cq_dns_record_number(&record, "colour", &number), ENOENT);
	ERR(cq_dns_record_number(&record, "host", &number), EINVAL);
	ERR(cq_dns_record_text(&record, "preference", text, sizeof text, NULL), EINVAL);
	ERR(cq_dns_record_text(&record, "colour", text, sizeof text, NULL), ENOENT);
	ERR(cq_dns_record_address(&record, &address, &size), ENOENT);
	record.rdata_length = 1;
	ERR(cq_dns_record_number(&record, "preference", &number), CQ_EILLEGAL);
	ERR(cq_dns_record_text(&record, "host", text, sizeof text, NULL), CQ_EILLEGAL);
	record = first(packet, 1);
	record.rdata_length = 3;
	ERR(cq_dns_record_address(&record, &address, &size), CQ_EILLEGAL);
	record.rdata = 60000;
	record.rdata_length = 60000;
	ERR(cq_dns_record_text(&record, "addr", text, sizeof text, NULL), CQ_EILLEGAL);
	record.name = 60000;
	ERR(cq_dns_record_name(&record, text, sizeof text, NULL), CQ_EILLEGAL);
	cq_dns_packet_free(packet);
}

TEST(text_that_does_not_fit_is_cut_and_its_length_told)
{
	cq_dns_packet *packet = usual();
	cq_dns_record record = first(packet, 15);
	char text[64], *whole;
	size_t length = 0, all = 0;

	memset(text, '#', sizeof text);
	ERR(cq_dns_record_format(&record, text, 6, &length), CQ_ENOBUFS);
	TEXT(text, 7, "10 mx\0#");
	EQ(length, 18);
	ERR(cq_dns_record_name(&record, text, 12, &length), CQ_ENOBUFS);
	EQ(length, 12);
	OK(cq_dns_record_name(&record, text, 13, &length));
	ERR(cq_dns_record_text(&record, "host", text, 1, NULL), CQ_ENOBUFS);
	EQ(text[0], 0);
	ERR(cq_dns_packet_format(packet, NULL, 0, &all), CQ_ENOBUFS);
	whole = (char *)malloc(all + 1);
	ERR(cq_dns_packet_format(packet, whole, all, NULL), CQ_ENOBUFS);
	OK(cq_dns_packet_format(packet, whole, all + 1, &length));
	EQ(length, all);
	EQ(strlen(whole), all);
	CHECK(strstr(whole, ";; [ANSWER:2]\nwww.example.com. 60 IN CNAME web.example.com.\n") != NULL);
	free(whole);
	cq_dns_packet_free(packet);
}

TEST(bytes_go_out_and_come_in)
{
	cq_dns_packet *packet = usual(), *other;
	const void *data;
	char *copy;
	size_t size;

	OK(cq_dns_packet_dump(packet, &data, &size));
	copy = (char *)malloc(size);
	memcpy(copy, data, size);
	OK(cq_dns_packet_parse(copy, size, &other));
	memset(copy, 0, size); /* it has a copy of its own */
	EQ(cq_dns_packet_count(other, 15), 5);
	OK(cq_dns_packet_load(packet, "\1\2\0\0\0\0\0\0\0\0\0\0", 12));
	EQ(cq_dns_packet_count(packet, 15), 0);
	EQ(cq_dns_packet_qid(packet), 0x0102);
	cq_dns_packet_free(packet);
	cq_dns_packet_free(other);
	free(copy);
}

TEST(what_is_no_message_is_refused_and_nothing_changes)
{
	cq_dns_packet *packet = usual(), *other = packet;
	const void *data;
	size_t size, cut;

	OK(cq_dns_packet_dump(packet, &data, &size));
	for (cut = 0; cut < size; cut++) {
		ERR(cq_dns_packet_parse(data, cut, &other), CQ_EILLEGAL);
		CHECK(other == packet);
	}
	ERR(cq_dns_packet_load(packet, "short", 5), CQ_EILLEGAL);
	EQ(cq_dns_packet_count(packet, 15), 5);
	cq_dns_packet_free(packet);
	packet = new_packet(20);
	ERR(cq_dns_packet_load(packet, "123456789012345678901", 21), CQ_ENOBUFS);
	cq_dns_packet_free(packet);
}

TEST(a_record_that_does_not_belong_is_refused_and_nothing_changes)
{
	cq_dns_packet *packet = usual(), *small = new_packet(40);
	const void *data;
	size_t before, after;

	OK(cq_dns_packet_dump(packet, &data, &before));
	ERR(cq_dns_packet_push(packet, CQ_DNS_ANSWER, "a", 1, 1, 0, "1234", 4), CQ_EORDER);
	ERR(cq_dns_packet_push(packet, 0, "a", 1, 1, 0, "1234", 4), CQ_ESECTION);
	ERR(cq_dns_packet_push(packet, 3, "a", 1, 1, 0, "1234", 4), CQ_ESECTION);
	ERR(cq_dns_packet_push(packet, 0x108, "a", 1, 1, 0, "1234", 4), CQ_ESECTION);
	ERR(cq_dns_packet_push(packet, CQ_DNS_ADDITIONAL, "a..b", 1, 1, 0, "1234", 4), CQ_EILLEGAL);
	ERR(cq_dns_packet_push(packet, CQ_DNS_ADDITIONAL, "a", 5, 1, 0, "\3www", 4), CQ_EILLEGAL);
	ERR(cq_dns_packet_push(packet, CQ_DNS_ADDITIONAL, "a", 65536, 1, 0, "1234", 4), EINVAL);
	ERR(cq_dns_packet_push(packet, CQ_DNS_ADDITIONAL, "a", 1, 65536, 0, "1234", 4), EINVAL);
	OK(cq_dns_packet_dump(packet, &data, &after));
	EQ(after, before);
	push_address(small, CQ_DNS_ANSWER, "a", 1);
	ERR(cq_dns_packet_push(small, CQ_DNS_ANSWER, "a", 1, 1, 0, "1234", 4), CQ_ENOBUFS);
	EQ(cq_dns_packet_count(small, 15), 1);
	cq_dns_packet_free(packet);
	cq_dns_packet_free(small);
}

TEST(a_copy_of_a_record_outlives_its_packet)
{
	cq_dns_packet *packet = usual();
	cq_dns_record record = first(packet, 15), copy;
	char buffer[64], text[64];
	size_t length = 0;

	memset(&copy, 0, sizeof copy);
	ERR(cq_dns_record_copy(&record, buffer, 3, &length, &copy), CQ_ENOBUFS);
	CHECK(copy.message == NULL);
	EQ(length, 13 + 2 + 16);
	OK(cq_dns_record_copy(&record, buffer, length, NULL, &copy));
	cq_dns_packet_free(packet);
	OK(cq_dns_record_format(&copy, text, sizeof text, NULL));
	TEXT(text, strlen(text), "10 mx.example.com.");
	OK(cq_dns_record_name(&copy, text, sizeof text, NULL));
	TEXT(text, strlen(text), "example.com.");
	EQ(copy.ttl, 9);
	copy.rdata_length--;
	ERR(cq_dns_record_copy(&copy, buffer, sizeof buffer, NULL, &record), CQ_EILLEGAL);
}

TEST(numbers_have_names_and_names_have_numbers)
{
	char text[16];
	unsigned number = 0, table, seen;
	size_t index;

	OK(cq_dns_type_number("aaaa", &number));
	EQ(number, 28);
	OK(cq_dns_type_number("TYPE65280", &number));
	EQ(number, 65280);
	ERR(cq_dns_type_number("FOO", &number), ENOENT);
	OK(cq_dns_class_number("ch", &number));
	EQ(number, 3);
	ERR(cq_dns_class_number("FOO", &number), ENOENT);
	OK(cq_dns_type_name(257, text, sizeof text));
	TEXT(text, strlen(text), "CAA");
	OK(cq_dns_type_name(65535, text, sizeof text));
	TEXT(text, strlen(text), "TYPE65535");
	ERR(cq_dns_type_name(65536, text, sizeof text), EINVAL);
	ERR(cq_dns_type_name(257, text, 3), CQ_ENOBUFS);
	OK(cq_dns_rcode_name(3, text, sizeof text));
	TEXT(text, strlen(text), "NXDOMAIN");
	OK(cq_dns_rcode_name(4711, text, sizeof text));
	TEXT(text, strlen(text), "4711");
	for (table = CQ_DNS_TYPES; table <= CQ_DNS_RCODES; table++) {
		for (index = 0; cq_dns_list(table, index, text, sizeof text, &number) == 0; index++)
			if (table == CQ_DNS_TYPES && strcmp(text, "ANY") != 0) {
				OK(cq_dns_type_number(text, &seen));
				EQ(seen, number);
			}
		CHECK(index >= 4);
		ERR(cq_dns_list(table, index, text, sizeof text, &number), ENOENT);
	}
	ERR(cq_dns_list(5, 0, text, sizeof text, &number), EINVAL);
	ERR(cq_dns_list(CQ_DNS_TYPES, 0, text, 1, &number), CQ_ENOBUFS);
}

TEST(types_list_their_members)
{
	char text[32];
	bool numeric = false;
	size_t index;

	OK(cq_dns_type_member(15, 0, text, sizeof text, &numeric));
	TEXT(text, strlen(text), "preference");
	CHECK(numeric);
	OK(cq_dns_type_member(15, 1, text, sizeof text, &numeric));
	TEXT(text, strlen(text), "host");
	CHECK(!numeric);
	ERR(cq_dns_type_member(15, 2, text, sizeof text, &numeric), ENOENT);
	ERR(cq_dns_type_member(4711, 0, text, sizeof text, NULL), ENOENT);
	ERR(cq_dns_type_member(65536, 0, text, sizeof text, NULL), EINVAL);
	ERR(cq_dns_type_member(15, 0, text, 3, NULL), CQ_ENOBUFS);
	for (index = 0; cq_dns_type_member(41, index, text, sizeof text, NULL) == 0; index++)
		;
	EQ(index, 3);
}

TEST(null_is_an_invalid_argument_and_never_a_crash)
{
	cq_dns_packet *packet = usual();
	cq_dns_record record = first(packet, 15), copy;
	cq_dns_selector selector = select_all();
	uint64_t cursor = 0;
	const void *data;
	char text[8], room[64];
	size_t size;
	uint32_t number;
	unsigned value;

	ERR(cq_dns_packet_new(512, NULL), EINVAL);
	ERR(cq_dns_packet_parse(NULL, 12, &packet), EINVAL);
	ERR(cq_dns_packet_parse("\0\0\0\0\0\0\0\0\0\0\0", 12, NULL), EINVAL);
	cq_dns_packet_free(NULL);
	ERR(cq_dns_packet_load(NULL, "", 0), EINVAL);
	ERR(cq_dns_packet_load(packet, NULL, 12), EINVAL);
	ERR(cq_dns_packet_dump(NULL, &data, &size), EINVAL);
	ERR(cq_dns_packet_dump(packet, NULL, &size), EINVAL);
	ERR(cq_dns_packet_dump(packet, &data, NULL), EINVAL);
	EQ(cq_dns_packet_qid(NULL), 0);
	EQ(cq_dns_packet_flags(NULL), 0);
	EQ(cq_dns_packet_rcode(NULL), 0);
	EQ(cq_dns_packet_count(NULL, 15), 0);
	ERR(cq_dns_packet_set_qid(NULL, 1), EINVAL);
	ERR(cq_dns_packet_set_flags(NULL, 1), EINVAL);
	ERR(cq_dns_packet_push(NULL, 2, "a", 1, 1, 0, "1234", 4), EINVAL);
	ERR(cq_dns_packet_push(packet, 8, NULL, 1, 1, 0, "1234", 4), EINVAL);
	ERR(cq_dns_packet_push(packet, 8, "a", 1, 1, 0, NULL, 4), EINVAL);
	ERR(cq_dns_packet_grep(NULL, NULL, &cursor, &record), EINVAL);
	ERR(cq_dns_packet_grep(packet, NULL, NULL, &record), EINVAL);
	ERR(cq_dns_packet_grep(packet, NULL, &cursor, NULL), EINVAL);
	selector.size--;
	cursor = 0;
	ERR(cq_dns_packet_grep(packet, &selector, &cursor, &record), EINVAL);
	selector.size++;
	selector.name = "a..b";
	ERR(cq_dns_packet_grep(packet, &selector, &cursor, &record), CQ_EILLEGAL);
	ERR(cq_dns_packet_format(NULL, text, sizeof text, &size), EINVAL);
	ERR(cq_dns_packet_format(packet, NULL, 8, &size), EINVAL);
	ERR(cq_dns_record_name(NULL, text, sizeof text, &size), EINVAL);
	ERR(cq_dns_record_name(&record, NULL, 8, &size), EINVAL);
	ERR(cq_dns_record_format(NULL, text, sizeof text, &size), EINVAL);
	ERR(cq_dns_record_format(&record, NULL, 8, &size), EINVAL);
	ERR(cq_dns_record_number(NULL, "host", &number), EINVAL);
	ERR(cq_dns_record_number(&record, NULL, &number), EINVAL);
	ERR(cq_dns_record_number(&record, "preference", NULL), EINVAL);
	ERR(cq_dns_record_text(NULL, "host", text, sizeof text, &size), EINVAL);
	ERR(cq_dns_record_text(&record, NULL, text, sizeof text, &size), EINVAL);
	ERR(cq_dns_record_text(&record, "host", NULL, 8, &size), EINVAL);
	ERR(cq_dns_record_address(NULL, &data, &size), EINVAL);
	record = first(packet, 1);
	ERR(cq_dns_record_address(&record, NULL, &size), EINVAL);
	ERR(cq_dns_record_address(&record, &data, NULL), EINVAL);
	ERR(cq_dns_record_copy(NULL, text, sizeof text, &size, &copy), EINVAL);
	ERR(cq_dns_record_copy(&record, NULL, 64, &size, &copy), EINVAL);
	ERR(cq_dns_record_copy(&record, room, sizeof room, &size, NULL), EINVAL);
	record.message = NULL;
	ERR(cq_dns_record_format(&record, text, sizeof text, &size), EINVAL);
	ERR(cq_dns_type_number(NULL, &value), EINVAL);
	ERR(cq_dns_type_number("A", NULL), EINVAL);
	ERR(cq_dns_class_number(NULL, &value), EINVAL);
	ERR(cq_dns_class_number("IN", NULL), EINVAL);
	ERR(cq_dns_type_name(1, NULL, 8), EINVAL);
	ERR(cq_dns_rcode_name(1, NULL, 8), EINVAL);
	ERR(cq_dns_list(CQ_DNS_TYPES, 0, NULL, 8, &value), EINVAL);
	ERR(cq_dns_list(CQ_DNS_TYPES, 0, text, sizeof text, NULL), EINVAL);
	ERR(cq_dns_type_member(15, 0, NULL, 8, NULL), EINVAL);
	cq_dns_packet_free(packet);
}
