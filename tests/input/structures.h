/* SPDX-License-Identifier: MIT */
/* For values.h: structures, texts and numbers. */

static uint8_t a_message[] = { 1, 'a', 7, 'i', 'n', 'v', 'a', 'l', 'i', 'd', 0, 127, 0, 0, 1 };

/* An A record, and one that lies. */
static void *record_of(int variant)
{
	static cq_dns_record record;

	memset(&record, 0, sizeof record);
	if (variant == 2)
		return &record;
	record.message = a_message;
	record.message_length = sizeof a_message;
	record.section = CQ_DNS_ANSWER;
	record.rtype = record.rclass = 1;
	record.rdata = 11;
	record.rdata_length = 4;
	if (variant == 3)
		record.name = record.rdata = 0xffff;
	if (variant == 4)
		record.rdata_length = 0xffff;
	if (variant == 5)
		record.message_length = SIZE_MAX;
	if (variant == 6)
		record.message_length = 0;
	if (variant == 7)
		record.rtype = record.rclass = record.section = 0xffff;
	return &record;
}

static void *address_of(int variant)
{
	static cq_address address;

	if (variant == 3) {
		memset(&address, 0xff, sizeof address);
		return &address;
	}
	OK(cq_address_parse("127.0.0.1", 9, &address));
	if (variant == 2)
		address.size = 0;
	if (variant == 4)
		address.size = 1;
	if (variant == 5)
		address.size = sizeof address.storage;
	return &address;
}

static void *datagrams_of(int variant)
{
	static cq_datagram list[2];
	static char places[2][8];

	memset(list, 0, sizeof list);
	list[0].data = places[0];
	list[1].data = places[1];
	list[0].size = list[1].size = 8;
	if (variant == 2)
		list[0].data = NULL;
	if (variant == 3)
		list[0].size = SIZE_MAX;
	if (variant == 4)
		list[1].size = SIZE_MAX / 2 + 1;
	if (variant == 5)
		list[0].address.size = UINT32_MAX;
	if (variant == 6)
		list[0].flags = UINT32_MAX;
	return list;
}

/* The first adds a task, the second is wrong. */
static void *operations_of(int variant)
{
	static const uint32_t kinds[] = { CQ_DO_NOTHING, 0, CQ_DO_END, CQ_DO_SCOPE + 1, UINT32_MAX, CQ_DO_READ, CQ_DO_POLL };
	static cq_operation list[2];

	memset(list, 0, sizeof list);
	list[0].kind = CQ_DO_ADD;
	list[1].kind = kinds[variant];
	list[1].task = variant % 2 ? 0 : UINT64_MAX;
	list[1].flags = variant == 6 ? UINT32_MAX : 0;
	list[1].size = variant == 5 ? SIZE_MAX : 0;
	return list;
}

static void *selector_of(int variant)
{
	static cq_dns_selector selector;

	memset(&selector, 0, sizeof selector);
	selector.size = variant == 2 ? 0 : variant == 3 ? SIZE_MAX : sizeof selector;
	selector.name = variant == 4 ? "\xff..\xfe" : variant == 5 ? long_text : NULL;
	selector.sections = variant == 6 ? UINT32_MAX : 0;
	selector.rtype = selector.rclass = variant == 7 ? 0xffff : 0;
	return &selector;
}

static void *interests_of(struct setting *s, int variant)
{
	static cq_interest set[1];
	const cq_interest none = CQ_INTEREST_NONE;

	set[0] = none;
	set[0].timeout = MS(2);
	switch (variant) {
	case 2:
		set[0].fd = 0;
		set[0].events = UINT32_MAX;
		break;
	case 3:
		set[0].fd = INT_MAX;
		set[0].events = POLLIN;
		break;
	case 4:
		set[0].fd = INT_MIN;
		set[0].events = POLLIN;
		break;
	case 5:
		set[0].socket = make_object(s, SOCKET, 2);
		break;
	case 6:
		set[0].socket = make_object(s, SOCKET, 0);
		set[0].resolver = make_object(s, DNS_RESOLVER, 0);
		break;
	case 7:
		set[0].reserved = set;
		break;
	case 8:
		set[0].controller = make_object(s, CONTROLLER, 2);
		break;
	case 9:
		set[0].resolver = make_object(s, DNS_RESOLVER, 2);
		break;
	case 11:
		set[0].scope = make_object(s, SCOPE, 3);
		break;
	case 12:
		set[0].scope = make_object(s, SCOPE, 0);
		set[0].condition = make_object(s, CONDITION, 0);
		break;
	case 13:
		set[0].process = make_object(s, PROCESS, 2);
		break;
	case 14:
		set[0].process = make_object(s, PROCESS, 0);
		set[0].scope = make_object(s, SCOPE, 0);
		break;
	case 10:
		set[0].fd = 999;
		set[0].events = POLLIN | POLLOUT | POLLPRI;
		break;
	}
	return set;
}

static const void *signals_of(int variant)
{
	static const int numbers[][1] = { { SIGUSR1 }, { 0 }, { 0 }, { -1 }, { INT_MAX }, { INT_MIN }, { 999 } };

	return numbers[variant];
}

/* A text that makes sense under the name of its parameter. */
static const char *sensible_text(const struct function *function, int kind)
{
	switch (kind) {
	case TEXT_host:
	case TEXT_address:
		return "127.0.0.1";
	case TEXT_path:
		if (strstr(function->name, "inspect"))
			return nothing;
		/* fall through */
	case TEXT_file:
	case TEXT_chain:
	case TEXT_key:
		return strstr(function->name, "opendir") ? folder : file;
	case TEXT_option:
		return "ndots";
	case TEXT_setting:
		return "2";
	case TEXT_entry:
		return "file";
	case TEXT_member:
		return "addr";
	case TEXT_flags:
		return "bn";
	case TEXT_zone:
		return "invalid";
	case TEXT_name:
		if (strstr(function->name, "errno"))
			return "EAGAIN";
		return strstr(function->name, "signal") ? "SIGUSR1" : "nobody.invalid";
	}
	return "text";
}

/* With room behind it, since some functions are told a size. */
static const void *text_of(struct setting *s, int kind, int variant)
{
	static const char *const texts[] = { NULL, NULL, "", "\xff\xfe\x80", NULL, "localhost", "a/../b%s%n", "." };
	static char places[MOST][200];
	static int next;
	char *place = places[next = (next + 1) % MOST];

	if (variant > 4 && strstr(s->function->name, "keylog"))
		variant = 0; /* no files in the folder of the sources */
	if (variant == 1 || variant == 4)
		return variant == 1 ? NULL : long_text;
	snprintf(place, sizeof places[0], "%s", variant == 0 ? sensible_text(s->function, kind) : texts[variant]);
	return place;
}

static unsigned long long sensible_number(int kind)
{
	switch (kind) {
	case INT_family:
		return AF_INET;
	case INT_kind:
		return SOCK_STREAM;
	case INT_port:
		return 80;
	case INT_code:
		return EAGAIN;
	case WORD_mode:
	case WORD_which:
	case WORD_order:
		return 0;
	case WORD_flags:
		return 0;
	case WORD_format:
		return CQ_READ_LINE;
	case WORD_option:
		return CQ_OPTION_NODELAY;
	case INT_list:
		return CQ_DNS_LOOKUP;
	}
	return 1;
}

/* How long the arrays are that go with it, or some bytes. */
static size_t sensible_size(const struct function *function)
{
	int i;

	for (i = 0; i < function->parameters; i++)
		if (function->kinds[i] == SIGNALS || function->kinds[i] == INTEREST)
			return 1;
		else if (function->kinds[i] == DATAGRAM || function->kinds[i] == OPERATION)
			return 2;
	return 6;
}

static const int whole_numbers[] = { 0, 0, -1, INT_MIN, INT_MAX, 2, 7, 23, 77, 1 << 16 };
static const size_t sizes[] = { 6, 0, 1, SIZE_MAX, SIZE_MAX / 2 + 1 };
static const double seconds[] = { 0.002, 0, 1e-300, -0.0, -1, -HUGE_VAL, NAN, HUGE_VAL, 1e308 };
/* From which of them on they mean "without limit". */
enum { FIRST_ENDLESS = 4 };

static int variants_of(int kind)
{
	switch (kind) {
	case SIZE:
		return (int)COUNT(sizes);
	case SECONDS:
		return (int)COUNT(seconds);
	case BOOL:
	case FUNCTION:
	case LIBSSL_context:
	case LIBSSL_ssl:
	case DATA:
	case OUT:
	case SCRATCH:
	case ADDRESSES:
		return 2;
	case TASK:
		return 5;
	case CURSOR:
		return 4;
	case ROOM:
		return 5;
	case SIGNALS:
		return 7;
	case DNS_RECORD:
		return 8;
	case ADDRESS:
		return 6;
	case DATAGRAM:
	case OPERATION:
		return 7;
	case DNS_SELECTOR:
		return 8;
	case INTEREST:
		return 15;
	case INT_fd:
		return 5;
	}
	if (kind >= TEXT_address && kind <= TEXT_zone)
		return 8;
	if ((kind >= INT_code && kind <= INT_value) || (kind >= WORD_bit && kind <= WORD_which))
		return (int)COUNT(whole_numbers);
	return object_variants(kind);
}

static int a_descriptor(struct setting *s, int variant)
{
	static const int bad[] = { 0, -1, INT_MIN, INT_MAX, 999 };
	int fds[2];

	if (variant > 0)
		return bad[variant];
	SYS(pipe(fds));
	keep_fd(s, fds[1]);
	return keep_fd(s, fds[0]);
}

static union value pointer(const void *p)
{
	union value value;

	value.u = 0;
	value.p = (void *)(uintptr_t)p;
	return value;
}

static union value number(unsigned long long u)
{
	union value value;

	value.u = u;
	return value;
}

static union value make_number(struct setting *s, int kind, int variant)
{
	static uint64_t cursor;
	static size_t room;
	union value value;

	switch (kind) {
	case SIZE:
		return number(variant == 0 ? sensible_size(s->function) : sizes[variant]);
	case SECONDS:
		value.d = seconds[variant];
		return value;
	case TASK:
		return number(variant < 3 ? s->tasks[variant] : variant == 3 ? 0 : UINT64_MAX);
	case CURSOR:
		cursor = variant == 2 ? UINT64_MAX : variant == 3 ? 0xffffffff : 0;
		return pointer(variant == 1 ? NULL : &cursor);
	case ROOM:
		room = variant == 2 ? SIZE_MAX : variant == 3 ? 0 : variant == 4 ? SIZE_MAX / 2 + 1 : 4;
		return pointer(variant == 1 ? NULL : &room);
	case INT_fd:
		return number((unsigned long long)a_descriptor(s, variant));
	}
	return number(variant == 0 ? sensible_number(kind) : (unsigned long long)whole_numbers[variant]);
}

/* The value of a parameter. The second variant of a pointer is NULL. */
static union value make_value(struct setting *s, int index)
{
	int kind = s->function->kinds[index], variant = s->variants[index];
	bool null = variant == 1;

	switch (kind) {
	case OUT:
		s->outs[index] = NULL;
		return pointer(null ? NULL : &s->outs[index]);
	case SCRATCH:
	case ADDRESSES:
	case DATA:
		return pointer(null ? NULL : scratch + (size_t)index * 1024);
	case BOOL:
	case FUNCTION:
		return number(!null);
	case LIBSSL_context:
		return pointer(null ? NULL : context);
	case LIBSSL_ssl:
		return pointer(null ? NULL : keep(s, "SSL", SSL_new(context)));
	case SIGNALS:
		return pointer(null ? NULL : signals_of(variant));
	case DNS_RECORD:
		return pointer(null ? NULL : record_of(variant));
	case ADDRESS:
		return pointer(null ? NULL : address_of(variant));
	case DATAGRAM:
		return pointer(null ? NULL : datagrams_of(variant));
	case OPERATION:
		return pointer(null ? NULL : operations_of(variant));
	case DNS_SELECTOR:
		return pointer(null ? NULL : selector_of(variant));
	case INTEREST:
		return pointer(null ? NULL : interests_of(s, variant));
	}
	if (kind >= TEXT_address && kind <= TEXT_zone)
		return pointer(text_of(s, kind, variant));
	if ((kind >= INT_code && kind <= INT_value) || (kind >= WORD_bit && kind <= WORD_which) || kind == SIZE ||
	    kind == SECONDS || kind == TASK || kind == CURSOR || kind == ROOM)
		return make_number(s, kind, variant);
	return pointer(make_object(s, kind, variant));
}
