/* SPDX-License-Identifier: MIT */
/* Each game is played twice: with reads in the socket's own mode, and with reads that name the same mode, for which no short
 * way is taken. Nothing may tell one from the other. */

#include "fixture.h"
#include <stdlib.h>

enum { GAMES = 1000, MOVES = 120, LONGEST = 9000 };

/* What can be seen after a move. */
struct seen {
	int code;
	size_t size, input, output;
	unsigned long long sum; /* of the bytes that came */
	uint32_t events;
	bool eof;
};

struct game {
	cq_socket *socket;
	int peer, move;
	uint32_t mode;   /* of the socket's input */
	bool names_mode; /* in each read */
	struct seen *seen;
};

static void random_text(char *text, size_t *size)
{
	static const unsigned sizes[] = { 2, 8, 8, 60, 300, LONGEST };
	size_t i;

	*size = pick(sizes[pick(COUNT(sizes))]);
	for (i = 0; i < *size; i++) {
		unsigned kind = pick(8);

		text[i] = (char)(kind == 0 ? '\n' : kind == 1 ? '\r' : 'a' + (int)pick(26));
	}
	if (*size > 0 && pick(2))
		text[*size - 1] = '\n';
}

static unsigned long long sum_of(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	unsigned long long sum = 5381;
	size_t i;

	for (i = 0; i < size; i++)
		sum = sum * 33 + bytes[i];
	return data ? sum : 0;
}

static void set_input_mode(struct game *game, const char *letters)
{
	game->mode = cq_mode_parse(letters, strlen(letters));
	OK(cq_socket_set_mode(game->socket, CQ_INPUT, game->mode));
}

static void receive(struct game *game, struct seen *seen)
{
	static const uint32_t formats[] = { CQ_READ_LINE, CQ_READ_LINE_KEEP, CQ_READ_EXACTLY, CQ_READ_UP_TO, CQ_READ_HEADER };
	uint32_t format = formats[pick(COUNT(formats))], flags = pick(4);
	uint32_t mode = game->names_mode ? game->mode : CQ_MODE_DEFAULT;
	size_t count = pick(5) ? pick(6) : pick(6000);
	const void *data = NULL;

	seen->code = cq_socket_try_recv(game->socket, format, count, mode, flags, &data, &seen->size);
	seen->sum = sum_of(data, seen->size);
}

static void change_something(struct game *game)
{
	static const char *modes[] = { "bn", "bl", "tl", "tn" };
	static const size_t sizes[] = { 1, 100, 4096, 5000, 65536 };
	size_t limit = pick(2) ? 4096 : 1 + pick(20), size = sizes[pick(COUNT(sizes))];
	unsigned what = pick(12);

	if (what < 4)
		set_input_mode(game, modes[what]);
	else if (what < 6)
		OK(cq_socket_set_maxline(game->socket, CQ_INPUT, limit));
	else if (what < 8)
		OK(cq_socket_set_bufsiz(game->socket, CQ_INPUT, size));
	else if (what == 8)
		OK(cq_socket_unget(game->socket, "back\n", 5));
	else if (what == 9)
		OK(cq_socket_set_error(game->socket, CQ_INPUT, limit == 4096 ? 0 : EIO, NULL));
	else if (what == 10 && size == 1)
		SYS(shutdown(game->peer, SHUT_WR));
}

static void move(struct game *game, struct seen *seen)
{
	static char data[1 << 16];
	unsigned kind = pick(16);
	ssize_t got = 0;
	size_t size;

	if (kind < 5) {
		random_text(data, &size);
		got = send(game->peer, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	} else if (kind < 11) {
		receive(game, seen);
	} else if (kind < 13) {
		random_text(data, &size);
		seen->code = cq_socket_try_send(game->socket, data, size, CQ_MODE_DEFAULT, &seen->size);
	} else if (kind < 14) {
		got = recv(game->peer, data, sizeof data, MSG_DONTWAIT);
		seen->sum = sum_of(data, got > 0 ? (size_t)got : 0);
	} else if (kind < 15) {
		change_something(game);
	} else {
		OK(cq_sleep(0)); /* the next turn */
	}
	if (got)
		seen->size = (size_t)got;
	seen->events = cq_socket_events(game->socket);
	seen->input = cq_socket_pending(game->socket, CQ_INPUT);
	seen->output = cq_socket_pending(game->socket, CQ_OUTPUT);
	seen->eof = cq_socket_eof(game->socket, CQ_INPUT);
}

static int play(void *argument)
{
	struct game *game = argument;

	for (game->move = 0; game->move < MOVES; game->move++)
		move(game, &game->seen[game->move]);
	return 0;
}

static void play_game(unsigned number, bool names_mode, struct seen *seen)
{
	struct game game;

	memset(seen, 0, sizeof *seen * MOVES);
	memset(&game, 0, sizeof game);
	game.names_mode = names_mode;
	game.seen = seen;
	pick_state = number;
	game.socket = half_pair(&game.peer);
	set_input_mode(&game, "bl");
	OK(cq_socket_set_mode(game.socket, CQ_OUTPUT, cq_mode_parse("bl", 2)));
	in_a_fiber(play, &game);
	cq_socket_free(game.socket);
	SYS(close(game.peer));
}

TEST(reads_by_the_short_way_and_by_the_long_one_agree)
{
	static struct seen seen[2][MOVES];
	size_t handed_out = 0;
	unsigned game;
	int i;

	for (game = 1; game <= GAMES; game++) {
		play_game(game, false, seen[0]);
		play_game(game, true, seen[1]);
		for (i = 0; i < MOVES; i++) {
			const struct seen *a = &seen[0][i], *b = &seen[1][i];

			EQ(a->code, b->code);
			EQ(a->size, b->size);
			EQ(a->sum, b->sum);
			EQ(a->events, b->events);
			EQ(a->input, b->input);
			EQ(a->output, b->output);
			EQ(a->eof, b->eof);
			handed_out += a->sum != 0;
		}
	}
	CHECK(handed_out > GAMES * MOVES / 10); /* the games were about something */
}
