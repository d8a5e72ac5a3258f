/* SPDX-License-Identifier: MIT */
/*
 * Fibers inside of a GLib main loop, which GTK programs have. A source of GLib's asks the controller how long to wait.
 *
 *   embed_glib [PORT]
 *
 *   cc embed_glib.c $(pkg-config --cflags --libs cqueues glib-2.0)
 */

#include "echo_lines.h"
#include <glib-unix.h>
#include <signal.h>

struct source {
	GSource base;
	cq_controller *controller;
	gpointer tag;
};

/* Whether the controller has something to do now; else how long GLib may wait, in milliseconds. */
static gboolean prepare(GSource *base, gint *timeout)
{
	double seconds = cq_controller_timeout(((struct source *)base)->controller);

	*timeout = seconds >= 0 ? (gint)(seconds * 1000 + 0.999) : -1; /* NaN: without limit */
	return seconds == 0;
}

static gboolean is_ready(GSource *base)
{
	struct source *source = (struct source *)base;

	return g_source_query_unix_fd(base, source->tag) != 0 || cq_controller_timeout(source->controller) == 0;
}

static gboolean step(GSource *base, GSourceFunc callback, gpointer data)
{
	(void)callback, (void)data;
	check(cq_controller_step(((struct source *)base)->controller, 0), "step");
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs functions = { .prepare = prepare, .check = is_ready, .dispatch = step };

static gboolean on_tick(gpointer controller)
{
	printf("tick of GLib, %zu tasks\n", cq_controller_count(controller));
	fflush(stdout);
	return G_SOURCE_CONTINUE;
}

static gboolean on_signal(gpointer loop)
{
	printf("signal %d: good-bye\n", SIGTERM);
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

int main(int argc, char **argv)
{
	GMainLoop *loop = g_main_loop_new(NULL, FALSE);
	struct source *source = (struct source *)g_source_new(&functions, sizeof *source);
	cq_socket *listener;

	source->controller = echo_server(argc > 1 ? atoi(argv[1]) : 0, &listener);
	source->tag = g_source_add_unix_fd(&source->base, descriptor_of(source->controller), G_IO_IN);
	g_source_attach(&source->base, NULL);

	g_timeout_add(300, on_tick, source->controller);
	g_unix_signal_add(SIGTERM, on_signal, loop);
	g_main_loop_run(loop);
	g_source_destroy(&source->base); /* before its descriptor is closed */
	cq_controller_free(source->controller);
	g_source_unref(&source->base);
	g_main_loop_unref(loop);
	return 0;
}
