/* SPDX-License-Identifier: MIT */
/*
 * libcqueues: tasks over epoll, kqueue or event ports; buffered sockets with TLS, DNS, signals, threads,
 * file notification, condition variables.
 *
 * Ownership.  cq_..._new, _connect, _listen, _pair, _adopt and _accept make an object and write its
 * handle to their last argument; the object's _free takes it back (NULL is ignored).  Outputs are
 * written only on success, unless a function says otherwise.  A pointer that a function hands out
 * remains the library's; the function says until when it holds.
 *
 * Errors.  Functions return 0, a positive errno(3) value, or a negative CQ_E... code; cq_strerror
 * turns any of them into text.  NULL, sizes and flags that make no sense are EINVAL.  A bug inside
 * the library is CQ_EPANIC, never a crash of the caller.  After CQ_EPANIC free the object that the
 * call was made on and use it for nothing else; other objects are not affected.  A step that
 * answers CQ_EPANIC has ended.  Every function may answer ENOMEM; what may end the process without
 * memory all the same is listed in docs/memory.md.
 *
 * Threads.  There is no global state but the function that cq_set_log names.  A controller, its
 * tasks and the sockets, resolvers and conditions that its tasks use are used by one thread at a
 * time.  They may go to another thread together, while no step of the controller is under way.  An
 * object that no task waits for may be used by any thread, by one at a time.  Calls on a controller
 * that another thread is stepping are EPERM, and so is signalling a condition that tasks of another
 * thread wait for, or using a queue, semaphore or mutex that they wait for.  Three calls may come
 * from any thread at any time until the controller is closed or freed: cq_controller_alert, which
 * ends the wait of the step under way or makes the descriptor readable, cq_controller_post, which
 * also has a function called by the thread that steps, and cq_queue_post, which puts an item into a
 * queue.  A signal handler may call cq_controller_alert if cq_controller_pollfd or
 * cq_controller_alert was called before, outside of the handler, and cq_wakeup_raise; it must
 * save errno.  It may call nothing else.  Handles of threads may be used by any thread, each handle by one at a time.
 *
 * Order.  Tasks that are ready together run in the order in which they became ready; see
 * cq_controller_set_order for the other order.  Deadlines that have passed when a step begins make
 * their tasks ready first, the earliest deadline before later ones; then come the tasks whose
 * descriptors are ready, in the order in which the kernel names these.  Of several tasks that wait
 * for one descriptor, the one that began to wait first runs first.  A task that becomes ready during
 * a step, because it was added, signalled or cancelled or because it was parked on nothing, runs in
 * the next step.
 *
 * Descriptors.  The library's own objects take their descriptors out of all controllers before they
 * close them.  A descriptor of the program's that a task waits for must be cancelled
 * (cq_controller_cancel, cq_cancel) before it is closed: that wakes the task, with POLLNVAL as what
 * fired.  Without it the task sleeps on.  No cancel is needed once no task waits for it and a
 * later step of the controller has begun.
 *
 * Closing sockets.  Lines that a task writes may be held until it waits or ends: those that it
 * writes while the socket has more input at hand, and those after the first of a resumption (see
 * cq_socket_set_hold).  cq_socket_shutdown, cq_socket_close and cq_socket_free first send what is
 * held, as far as the kernel takes it at once.  Other output that is still buffered is not sent:
 * call cq_socket_flush before.  With TLS, closing and shutting down output tell the peer that the
 * stream ends, if the kernel has room for that at once; cq_socket_finish sends all, tells the
 * end, and waits for room.  Closing drops what was received and not read; shutting down keeps it.
 *
 * fork(2).  What is held is sent before the fork, by the parent; what is buffered is in both
 * processes afterwards, so flush sockets that the child will use.  The child has copies of all
 * objects.  Its first step of a controller, or cq_controller_reset, gives that controller a kernel
 * queue of its own, in which all that its tasks wait for is registered again; nothing that the child
 * does changes the queue of the parent.  Until then the descriptor from cq_controller_pollfd is
 * still the parent's: a child that polls it calls cq_controller_reset before, and asks for the
 * descriptor again.  A child may free the copies: that closes its own descriptors and leaves those of
 * the parent open; but closing a socket with TLS tells the peer that the stream ends, in the child
 * too.
 *
 * Waiting.  Functions that can wait say so.  In a fiber (cq_controller_wrap) they suspend only the
 * fiber; outside a controller they block the thread; in a callback (cq_controller_attach) they
 * answer EDEADLK.  The others return at once, with EAGAIN if they would have to wait: park the task
 * on the socket, resolver, listener, thread or notifier, which are members of cq_interest, and
 * repeat.
 *
 * Ending.  cq_controller_loop answers 0 when no task is left, ETIMEDOUT when its time is over, and
 * ECANCELED after cq_controller_stop.  Any other code is an error of the controller or came from a
 * task: cq_controller_failure tells from which, by its number and its name (cq_task_set_name).  A
 * task that failed is over; the others stay as they are, and another step or loop goes on with them.
 *
 * Scopes.  Tasks that belong together are started in a scope (cq_scope_new, cq_scope_wrap), which
 * may lie in another one.  When a scope ends, because it was cancelled, its deadline has passed or a
 * task in it has failed, every wait of its tasks and of those in the scopes in it ends: the one under
 * way in the next step, and each that they begin later.  A task may also begin a scope around a part
 * of its own code (cq_scope_begin), or be cancelled alone (cq_task_cancel).  Every function that can
 * wait answers ECANCELED then, or ETIMEDOUT after a deadline, even if "Errors:" does not say so;
 * calls that need not wait succeed, so that a loop which always finds something to read asks
 * cq_task_status or cq_scope_status whether it shall end.  Nothing is lost: what was received stays
 * buffered, what was written stays queued, and a wait for which something has fired before it was
 * ended succeeds.
 *
 * Modes.  A socket begins in text mode, buffered by lines: CRLF in the stream is LF in the program,
 * both ways, and what was written leaves with the end of its line, when 4,096 bytes are buffered, at
 * a flush, and before a read waits.  For a protocol that is not made of lines set both directions to
 * binary, and the output to leave at once:
 *     cq_socket_set_mode(socket, CQ_INPUT, cq_mode_parse("b", 1));
 *     cq_socket_set_mode(socket, CQ_OUTPUT, cq_mode_parse("bn", 2));
 *
 * Limits.  A peer that sends makes a socket hold what one receive brings, 4,096 bytes, or as much
 * as the read under way asks for; of a line, 4,096 bytes (cq_socket_set_maxline).  A peer that does
 * not read makes it hold 4,096 bytes of output (cq_socket_set_bufsiz), then writing waits.
 * docs/limits.md lists what TLS and DNS may hold.
 *
 * End of file.  A read at the end of the stream answers EPIPE, after the bytes before the end have
 * been read; only CQ_READ_ALL answers 0, with NULL if nothing is left.  A write to a connection that
 * the peer has closed answers EPIPE too, or ECONNRESET: cq_socket_eof tells for each direction whether
 * it has ended.  A write raises SIGPIPE only after CQ_OPTION_NOSIGPIPE was set to 0.
 *
 * Fibers.  A fiber may wait at any depth of its calls.  Its stack has 256 KiB
 * (cq_controller_set_stack_size), with a guard below it; one that was suspended for the last time
 * never returns, so what it owns is freed by its `release`.  Fibers stay in the thread that steps
 * their controller.  Thread-local variables are those of that thread; locks of the system must not
 * be held over a wait (cq_mutex may).  cq_controller_tasks tells what each waits for.
 *
 * Memory.  The library takes memory with malloc(3) and its relatives, so an allocator that replaces
 * these in the program serves the library too, and the stacks of fibers with mmap(2).  The system's
 * libssl allocates for itself.
 *
 * Versions.  CQ_VERSION_MAJOR grows when a program must be compiled anew, CQ_VERSION_MINOR with
 * each addition.  Structures have reserved members, which are 0: initialise them with { 0 } or the
 * macros here, not member by member.  cq_version tells which library runs.  A program that needs a
 * later library than is installed is not started: the system names the version that is missing.
 * Two copies of the library in one process, as plugins may bring them, do not disturb each other;
 * an object belongs to the copy that made it.
 *
 * Seconds are double; NaN or a negative number means without limit.
 *
 * Names.  A function with try_ in its name never waits; its namesake without it does.
 * ..._pollfd, _events and _timeout of an object are what any event loop needs to watch it.
 *
 * Freeing one's own controller inside a step, closing a socket that others wait for, and touching any
 * object from a task that is being resumed are allowed.
 *
 * A controller is a descriptor: see cq_controller_pollfd for nesting it in another event loop.
 *
 * Index, by purpose:
 *   begin                             cq_controller_new, cq_controller_wrap, cq_controller_loop
 *   a task with a stack of its own    cq_controller_wrap, cq_scope_wrap
 *   a task of callbacks               cq_controller_attach, cq_controller_park
 *   run inside another event loop     cq_controller_pollfd, cq_controller_timeout, cq_controller_step
 *   wait for descriptors and objects  cq_poll, CQ_INTEREST_NONE
 *   wait some time                    cq_sleep; again and again: cq_timer_start
 *   wake a loop from another thread   cq_controller_alert; with work for it: cq_controller_post; a task: cq_wakeup_raise
 *   something to do in each turn      cq_controller_set_hooks
 *   something that blocks             cq_pool_new, cq_pool_run; files: cq_file_open, cq_file_read
 *   stop all after a time             cq_scope_new, cq_scope_deadline, cq_scope_wait
 *   a limit of time around some code  cq_scope_begin, cq_scope_end
 *   stop one task, wait for its end   cq_task_cancel, cq_task_join
 *   drain a server and end            cq_controller_shutdown, cq_scope_set_idle
 *   why does it hang?                 cq_controller_tasks, cq_controller_inspect, the program cq
 *   TCP client                        cq_options_new, cq_options_host, cq_socket_connect
 *   TCP server                        cq_options_host, cq_socket_listen, cq_socket_accept
 *   a server's restart                CQ_OPTION_REUSEADDR (the default), CQ_OPTION_REUSEPORT
 *   started by systemd                CQ_OPTION_ACTIVATED
 *   UNIX socket                       cq_options_path, CQ_OPTION_PERMISSIONS, CQ_OPTION_UNLINK
 *   UDP server                        CQ_OPTION_TYPE, cq_socket_listen, cq_socket_recvfrom, cq_socket_sendto
 *   many datagrams at once            cq_socket_try_recv_batch, cq_socket_try_send_batch
 *   a descriptor of one's own         cq_socket_adopt, cq_socket_release
 *   who is the peer?                  cq_socket_peername, cq_socket_peereid, cq_socket_peerpid
 *   lines, blocks, all that comes     cq_socket_read with CQ_READ_LINE, CQ_READ_EXACTLY, CQ_READ_ALL
 *   write, and make sure that it left cq_socket_write, cq_socket_flush
 *   end the output, go on reading     cq_socket_finish; without waiting: cq_socket_shutdown
 *   several pieces in one write       cq_socket_writev
 *   send a file                       cq_socket_sendfile
 *   multicast                         cq_socket_join, CQ_OPTION_MULTICAST_TTL
 *   many datagrams in one buffer      `segment` of cq_datagram, CQ_OPTION_SEGMENTS
 *   an option of the system's         cq_socket_setsockopt, cq_socket_getsockopt; what is in effect: cq_socket_option
 *   end with a reset                  cq_socket_abort
 *   limits against a bad peer         cq_socket_set_timeout, cq_socket_set_maxline, cq_socket_set_bufsiz
 *   pass a descriptor on              cq_socket_sendfd, cq_socket_recvfd
 *   TLS client                        cq_tls_new, cq_tls_authorities, cq_socket_starttls
 *   TLS server                        cq_tls_certificate, cq_socket_starttls
 *   a certificate for each name (SNI) cq_tls_add_name
 *   certificates of clients           cq_tls_verify, cq_socket_tls_fact
 *   DTLS server                       cq_socket_listen_tls
 *   addresses of a name               cq_dns_addresses; name of an address: cq_dns_reverse
 *   SRV, then addresses               cq_dns_services
 *   any DNS question                  cq_dns_resolvers_new, cq_dns_resolvers_query
 *   DNS over TLS                      CQ_DNS_NAMESERVERS, cq_dns_config_set_tls
 *   other name servers for sockets    cq_dns_configure
 *   signals                           cq_signal_block, cq_signal_listen, cq_signal_wait
 *   child processes                   cq_process_options_new, cq_process_spawn, cq_process_wait
 *   files that change                 cq_notify_opendir, cq_notify_get
 *   threads                           cq_thread_start, cq_thread_join
 *   pass pointers between tasks       cq_queue_put, cq_queue_get; from other threads: cq_queue_post
 *   a log of what goes wrong          cq_set_log
 *   why did it fail?                  cq_strerror, cq_socket_reason, cq_tls_reason, cq_dns_resolver_reason
 */

#ifndef CQUEUES_H
#define CQUEUES_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ==== Handles =====================================================================================
 */

/**
 * A batch.
 */
typedef struct cq_batch cq_batch;

/**
 * A queue of waiting tasks, of any controllers of one thread.
 */
typedef struct cq_condition cq_condition;

/**
 * A configuration.
 */
typedef struct cq_tls cq_tls;

/**
 * A controller: owns tasks, and wakes those whose wait is over.
 */
typedef struct cq_controller cq_controller;

/**
 * A configuration: how a resolver asks. Resolvers keep a copy of it.
 */
typedef struct cq_dns_config cq_dns_config;

/**
 * Hints: the servers that a resolver asks first, for each zone.
 */
typedef struct cq_dns_hints cq_dns_hints;

/**
 * A table of hosts: names and addresses that are known without asking.
 */
typedef struct cq_dns_hosts cq_dns_hosts;

/**
 * A queue of pointers, from some tasks to others.
 */
typedef struct cq_queue cq_queue;

/**
 * Listens for signals.
 */
typedef struct cq_signal cq_signal;

/**
 * A DNS message, used by one thread at a time. Records point into it.
 */
typedef struct cq_dns_packet cq_dns_packet;

/**
 * A mutex: one task at a time holds it.
 */
typedef struct cq_mutex cq_mutex;

/**
 * Watches a directory, or a tree.
 */
typedef struct cq_notify cq_notify;

/**
 * Where to connect or listen, and how. A copy takes no memory, since texts are counted.
 */
typedef struct cq_options cq_options;

/**
 * A pool of threads.
 */
typedef struct cq_pool cq_pool;

/**
 * A child process.
 */
typedef struct cq_process cq_process;

/**
 * What a child process is started with.
 */
typedef struct cq_process_options cq_process_options;

/**
 * A resolver: answers one question at a time.
 */
typedef struct cq_dns_resolver cq_dns_resolver;

/**
 * A pool of resolvers: it answers any number of questions at a time, each by a resolver that is idle or new.
 */
typedef struct cq_dns_resolvers cq_dns_resolvers;

/**
 * A semaphore: a number of permits that tasks take and give back.
 */
typedef struct cq_semaphore cq_semaphore;

/**
 * A socket. Shared within one thread; no borrow of its state outlives a call.
 */
typedef struct cq_socket cq_socket;

/**
 * A handle of a thread; there may be many.
 */
typedef struct cq_thread cq_thread;

/**
 * A timer. It takes no descriptor: who waits for it waits for a time, and for a change of that.
 */
typedef struct cq_timer cq_timer;

/**
 * A descriptor that is readable from when it was raised until that was seen.
 */
typedef struct cq_wakeup cq_wakeup;

/**
 * A scope: a group of tasks that end together. Scopes nest. When a scope ends, since it was cancelled, its time is
 * over or one of its tasks has failed, then each wait of its tasks ends with a code, the present one and all later
 * ones, and so do those of the scopes in it.
 */
typedef struct cq_scope cq_scope;

/**
 * The number of a task in its controller. A number is used again after 1,099,511,627,776 (2^40) tasks and timeouts
 * of that controller at the earliest.
 */
typedef uint64_t cq_task;

/* ==== Versions, errors, the clock (cq_library) ====================================================
 * Functions answer 0, a positive errno(3) value or one of the negative codes below. `cq_strerror` has a text for all of
 * them, `cq_errno_name` the name that stands in a source.
 */

/** The version of the interface that this header describes, as the package and the library's file name
 * have it. A program that was built with one version runs with each later one of the same major version. */
#define CQ_VERSION_MAJOR 1

#define CQ_VERSION_MINOR 0

#define CQ_VERSION_PATCH 0

/** Whether this header is of that version or a later one: for `#if`. */
#define CQ_VERSION_AT_LEAST(major, minor, patch) \
    (CQ_VERSION_MAJOR > (major) || \
     (CQ_VERSION_MAJOR == (major) && \
      (CQ_VERSION_MINOR > (minor) || (CQ_VERSION_MINOR == (minor) && CQ_VERSION_PATCH >= (patch)))))

/**
 * For `cq_log`: a bug inside the library, which some call answers with CQ_EPANIC.
 */
#define CQ_LOG_ERROR 1

/**
 * For `cq_log`: something of the system or the network does not work as it should, and the library goes on without
 * it: a name server that is silent or refuses, a line of resolv.conf or hosts that says nothing known.
 */
#define CQ_LOG_WARNING 2

/**
 * The day of the release, as YYYYMMDD. `CQ_VERSION_MAJOR` and its neighbours tell which versions are compatible.
 */
#define CQ_VERSION 20261129

/**
 * A bug inside the library was caught at its boundary.
 */
#define CQ_EPANIC -1935895337

/**
 * A port is not a number. No function here returns it; the Lua binding does.
 */
#define CQ_ESERVICE -1684960055

/**
 * TLS failed; `cq_socket_reason` tells why.
 */
#define CQ_ETLS -1935895353

/**
 * The peer's certificate is missing or not what was demanded; `cq_socket_reason` tells why.
 */
#define CQ_ENOTVERIFIED -1935895351

/**
 * No address is left to try. No function here returns it; the Lua binding does.
 */
#define CQ_ENOHOST -1935895349

/**
 * A TLS stream ended without the peer saying so: somebody may have cut it short. What came before
 * can still be read, except by `CQ_READ_ALL`.
 */
#define CQ_ETRUNCATED -1935895336

/**
 * The limit of watched directories of the user is reached: fs.inotify.max_user_watches.
 */
#define CQ_EWATCHES -1935895335

/**
 * The limit of notifiers of the user is reached: fs.inotify.max_user_instances.
 */
#define CQ_EINSTANCES -1935895334

/**
 * A task of a scope has failed, in a language without codes: the reason says more.
 */
#define CQ_EFAILED -1935895333

/**
 * A DNS message or a text does not fit its buffer.
 */
#define CQ_ENOBUFS -1684960064

/**
 * A DNS name, record or message is malformed.
 */
#define CQ_EILLEGAL -1684960063

/**
 * A record was pushed into a section of a DNS message although a later section has records already.
 */
#define CQ_EORDER -1684960062

/**
 * A number is not that of a section of a DNS message.
 */
#define CQ_ESECTION -1684960061

/**
 * A text is no address.
 */
#define CQ_EADDRESS -1684960059

/**
 * A resolver has no question, because none was submitted or it was given up.
 */
#define CQ_ENOQUERY -1684960058

/**
 * A server closed the connection without an answer.
 */
#define CQ_ENOANSWER -1684960057

/**
 * The answer of a resolver was fetched before.
 */
#define CQ_EFETCHED -1684960056

/**
 * No name server could tell.
 */
#define CQ_EFAIL -1684960053

/**
 * There is no such host, or it has no address of the family that was asked for.
 */
#define CQ_ENONAME -1684960054

/**
 * A function that is told what no call's result tells: see `cq_set_log`. `text` is one line of UTF-8, at most 511
 * bytes of it, and holds during the call.
 */
typedef void (*cq_log)(void *data, int level, const char *text);

/**
 * Moves the clock of `cq_monotime` forward by `seconds`, for the whole process: for tests of programs, in which a timeout
 * of an hour need not take one. All times of the library are times of that clock: timeouts, deadlines of tasks and
 * scopes, timers, the retries of resolvers and the ages of their answers, and what `cq_controller_timeout` and its like
 * tell. The wall clock, by which certificates are judged, and the program's own clocks stay as they are.
 *
 * It moves by a few nanoseconds more, so that what a program has set to a sum of seconds is due. What is due is done in the
 * next step of its controller. A thread that waits in the kernel meanwhile does not notice: alert its controller
 * afterwards. Any thread may call this. A clock cannot be moved back.
 *
 * Errors: EINVAL if `seconds` is negative, NaN or infinite, or the clock would have run for more than 292 years.
 *
 * Example:
 *
 * ```c
 * cq_scope_deadline(scope, 3600);
 * cq_clock_advance(3600); // the scope ends in the next step
 * ```
 */
int cq_clock_advance(double seconds);

/**
 * Sets how fast the clock of `cq_monotime` runs from now on, for the whole process: 1 as the system's, as in the beginning;
 * 0 not at all, so that only `cq_clock_advance` moves it. A wait with a timeout goes on until that clock says so, which may
 * be never; a step of a controller with a `timeout` does, too.
 *
 * Where the system has no descriptor for the end of a child or for signals, they are looked for from time to time, by this
 * clock. A loop that polls a controller's descriptor by itself is told seconds of this clock by `cq_controller_timeout`.
 * Threads that wait in the kernel meanwhile do not notice, as for `cq_clock_advance`. Any thread may call this.
 *
 * Errors: EINVAL if `rate` is negative, NaN, or more than a million.
 */
int cq_clock_set_rate(double rate);

/**
 * Has a function told what no call's result tells, in the whole process: `level` is `CQ_LOG_ERROR` or
 * `CQ_LOG_WARNING`, levels may be added. Without one, or with NULL, bugs inside the library are written to the standard
 * error stream and nothing else is told. The words may change from version to version.
 *
 * The function is called in the middle of the library's work, by any thread that uses the library, several at once. It
 * may call no function of the library but `cq_set_log`, `cq_strerror` and `cq_monotime`. When `cq_set_log` returns, a
 * call of the function before may still be under way in another thread.
 *
 * In a Rust program it is told the panics of the whole program, too.
 */
void cq_set_log(cq_log function,
                void *data);

/**
 * Returns the release of the library that runs: the `CQ_VERSION` of its header.
 */
int cq_version(void);

/**
 * Returns who made the library. The text is static.
 */
const char *cq_vendor(void);

/**
 * Returns the monotonic time in seconds: the system's, unless the program has moved it by `cq_clock_advance` or
 * `cq_clock_set_rate`.
 *
 * Source: clock_gettime(2), CLOCK_MONOTONIC.
 */
double cq_monotime(void);

/**
 * Returns the text of an error: a system error number or one of the library's own codes. Never NULL. The text of 0
 * and of an error that has a name holds for ever, in the language in which it was first asked for. Any other text
 * holds until 16 others of the kind, from this function or `cq_strsignal`, were asked for in the same thread.
 */
const char *cq_strerror(int code);

/**
 * Returns the name of an error ("EAGAIN", "CQ_EPANIC"), or NULL if it has none. The text is static.
 */
const char *cq_errno_name(int code);

/**
 * Finds the number of an error by its name.
 *
 * Errors: EINVAL for NULL; ENOENT if there is no error of that name here.
 *
 * Safety: `name` is a string, `code` is writable.
 */
int cq_errno_code(const char *name, int *code);

/**
 * Lists the errors: the name and number at `index`, which counts from 0.
 *
 * Errors: EINVAL for NULL; ENOENT past the end.
 *
 * Safety: `name` and `code` are writable. The name is static.
 */
int cq_errno_list(size_t index, const char **name, int *code);

/* ==== Addresses (cq_address) ======================================================================
 * A `struct sockaddr` of any family, with its size. Only numeric addresses are read here; names are the resolver's.
 */

/**
 * The address of a socket: a `struct sockaddr` of `size` bytes, at the beginning of `storage`.
 */
typedef struct cq_address {
    /**
     * Room for a `struct sockaddr` of any family, aligned for it.
     */
    uint64_t storage[16];
    /**
     * The bytes of `storage` that count; 0: no address.
     */
    uint32_t size;
} cq_address;

/**
 * The address of a socket: see `cq_socket_peername`, `cq_socket_localname` and `cq_address_name`.
 */
typedef struct cq_name {
    /**
     * AF_INET, AF_INET6, AF_UNIX, or AF_UNSPEC if there is none.
     */
    int family;
    /**
     * The port of an internet address, otherwise 0.
     */
    int port;
    /**
     * The size of `text` in bytes, without its NUL: 0 for a UNIX socket without path.
     */
    size_t size;
    /**
     * The address in numbers, or the path (which may begin with NUL), and a NUL.
     */
    char text[128];
    /**
     * 0. Reserved for later versions.
     */
    uint64_t reserved[2];
} cq_name;

/**
 * Makes an address of a numeric IPv4 or IPv6 address ("::1", "fe80::1%eth0") and a port.
 *
 * Errors: EINVAL for NULL, a port outside 0 to 65535, or text that is not UTF-8; `CQ_ENONAME` if
 * the host is not numeric.
 */
int cq_address_parse(const char *host,
                     int port,
                     struct cq_address *address);

/**
 * Makes an address of a UNIX path of `size` bytes; on Linux a leading NUL means the abstract
 * namespace.
 *
 * Errors: EINVAL for NULL or an empty path; ENAMETOOLONG.
 */
int cq_address_path(const void *path, size_t size, struct cq_address *address);

/**
 * Tells what an address says: as `cq_socket_peername`.
 *
 * Errors: EINVAL for NULL.
 */
int cq_address_name(const struct cq_address *address, struct cq_name *name);

/* ==== Options of sockets (cq_options) =============================================================
 * Where to connect or listen, and how. Options are made once and may serve any number of sockets, which copy them.
 */

/**
 * For `cq_options_set`: the address family: AF_UNSPEC (default), AF_INET, AF_INET6. A path is of AF_UNIX, whatever
 * the family. With a family that the host's addresses do not have, connecting and listening fail with `CQ_EFAIL` or
 * `CQ_ENONAME`.
 */
#define CQ_OPTION_FAMILY 1

/**
 * For `cq_options_set`: the type: SOCK_STREAM (default), SOCK_DGRAM, SOCK_SEQPACKET. With another type the socket
 * fails as socket(2) does.
 */
#define CQ_OPTION_TYPE 2

/**
 * For `cq_options_set`: the permissions of a bound UNIX socket; -1 (default): as the umask says.
 */
#define CQ_OPTION_PERMISSIONS 3

/**
 * For `cq_options_set`: the umask while a UNIX socket is bound; -1 (default): unchanged.
 */
#define CQ_OPTION_UMASK 4

/**
 * For `cq_options_set`: whether to remove a UNIX path before binding; off by default.
 */
#define CQ_OPTION_UNLINK 5

/**
 * For `cq_options_set`: SO_REUSEADDR for listeners; on by default.
 */
#define CQ_OPTION_REUSEADDR 6

/**
 * For `cq_options_set`: SO_REUSEPORT; off by default.
 */
#define CQ_OPTION_REUSEPORT 7

/**
 * For `cq_options_set`: TCP_NODELAY; off by default.
 */
#define CQ_OPTION_NODELAY 8

/**
 * For `cq_options_set`: TCP_CORK or TCP_NOPUSH; off by default.
 */
#define CQ_OPTION_NOPUSH 9

/**
 * For `cq_options_set`: IPV6_V6ONLY; by default as the system says.
 */
#define CQ_OPTION_V6ONLY 10

/**
 * For `cq_options_set`: whether to track times for `cq_socket_stat`; on by default.
 */
#define CQ_OPTION_TIME 11

/**
 * For `cq_options_set`: SO_BROADCAST, for internet datagrams; off by default.
 */
#define CQ_OPTION_BROADCAST 12

/**
 * For `cq_options_set`: SO_OOBINLINE; off by default.
 */
#define CQ_OPTION_OOBINLINE 13

/**
 * For `cq_options_set`: whether O_NONBLOCK stays set once the socket is connected; on by default. The library never
 * blocks in either case: the option is for programs that use the descriptor elsewhere.
 */
#define CQ_OPTION_NONBLOCK 14

/**
 * For `cq_options_set`: FD_CLOEXEC; on by default.
 */
#define CQ_OPTION_CLOEXEC 15

/**
 * For `cq_options_set`: whether sending to a peer that is gone fails with EPIPE without SIGPIPE; on by default.
 */
#define CQ_OPTION_NOSIGPIPE 16

/**
 * For `cq_options_set`, TLS: whether `cq_socket_starttls` demands a valid certificate that names the host, whatever
 * the TLS configuration says; off by default.
 */
#define CQ_OPTION_VERIFY 17

/**
 * For `cq_options_set`, TLS: whether a client tells the server the name of the server that it wants; on by default.
 * See `cq_options_sendname`.
 */
#define CQ_OPTION_SENDNAME 18

/**
 * For `cq_options_set`: SO_KEEPALIVE; off by default.
 */
#define CQ_OPTION_KEEPALIVE 19

/**
 * For `cq_options_set`: seconds without traffic before SO_KEEPALIVE's first probe; 0 (default): as the system says.
 */
#define CQ_OPTION_KEEPALIVE_IDLE 20

/**
 * For `cq_options_set`: seconds between SO_KEEPALIVE's probes; 0 (default): as the system says.
 */
#define CQ_OPTION_KEEPALIVE_INTERVAL 21

/**
 * For `cq_options_set`: the number of SO_KEEPALIVE's probes before the connection is given up; 0 (default): as the
 * system says.
 */
#define CQ_OPTION_KEEPALIVE_COUNT 22

/**
 * For `cq_options_set`, TLS: whether an end of the stream without close_notify is a failure (`CQ_ETRUNCATED`) rather
 * than end of file; on by default. Connections of a listener inherit it.
 */
#define CQ_OPTION_STRICT 23

/**
 * For `cq_options_set`: how many connections may wait for being accepted; 0 (default): as many as the system allows.
 */
#define CQ_OPTION_BACKLOG 24

/**
 * For `cq_options_set`: SO_SNDBUF in bytes; 0 (default): as the system says.
 */
#define CQ_OPTION_SEND_BUFFER 25

/**
 * For `cq_options_set`: SO_RCVBUF in bytes; 0 (default): as the system says.
 */
#define CQ_OPTION_RECEIVE_BUFFER 26

/**
 * For `cq_options_set`: TCP_USER_TIMEOUT in milliseconds: how long sent data may stay unacknowledged before the
 * connection fails; 0 (default): as the system says. Linux only.
 */
#define CQ_OPTION_USER_TIMEOUT 27

/**
 * For `cq_options_set`: IP_TOS or IPV6_TCLASS, 0 to 255; by default as the system says.
 */
#define CQ_OPTION_TOS 28

/**
 * For `cq_options_set`: how many hops multicast datagrams may take, 0 to 255; by default as the system says, 1.
 */
#define CQ_OPTION_MULTICAST_TTL 29

/**
 * For `cq_options_set`: whether multicast datagrams also go to members on this host; by default as the system says,
 * which is yes.
 */
#define CQ_OPTION_MULTICAST_LOOP 30

/**
 * For `cq_options_set`: whether `cq_socket_try_recv_batch` tells where datagrams were sent to, and by which interface
 * they came; off by default. Linux only.
 */
#define CQ_OPTION_PACKET_INFO 31

/**
 * For `cq_options_set`: whether `cq_socket_try_recv_batch` tells how the network marked datagrams (ECN); off by
 * default. Linux only.
 */
#define CQ_OPTION_ECN 32

/**
 * For `cq_options_set`: whether datagrams of one sender may be received as one, with their size in `segment`
 * (UDP_GRO); off by default. Then each element of a batch needs room for 65,535 bytes. Linux only.
 */
#define CQ_OPTION_SEGMENTS 33

/**
 * For `cq_options_set`: whether a listener takes a descriptor that the service manager has handed over (LISTEN_FDS of
 * systemd), if one is bound to its address; otherwise it is bound as ever. Port 0 takes one of any port, and each can be
 * taken once; off by default.
 *
 * Source: sd_listen_fds(3).
 */
#define CQ_OPTION_ACTIVATED 34

/**
 * Makes options with the defaults of cqueues: a stream socket, SO_REUSEADDR for listeners. Free
 * them with `cq_options_free`; sockets keep no reference to them.
 *
 * Errors: EINVAL for NULL; ENOMEM.
 *
 * Source: cqueues User Guide §3.2.2.
 */
int cq_options_new(struct cq_options **options);

/**
 * Frees options. NULL is ignored.
 */
void cq_options_free(struct cq_options *options);

/**
 * Sets the host to connect to or to listen on, a name or a numeric IPv4 or IPv6 address ("::1", "fe80::1%eth0"), and
 * the port.
 *
 * Errors: EINVAL for NULL, a port outside 0 to 65535, or text that is not UTF-8; ENOMEM.
 */
int cq_options_host(struct cq_options *options,
                    const char *host,
                    int port);

/**
 * Sets the service that a connecting stream socket wants of its host, "https" for one, so that the records of the
 * service say where to connect: HTTPS for "https", SVCB for others. `protocols` are the application protocols that the
 * program speaks, as for `cq_tls_alpn`; NULL: the default of the service. With port 0 the port of the service is taken.
 *
 * The records are asked for together with the addresses of the host, and waited for 50 ms after an address is known.
 * Endpoints are tried by priority, each at its port and first at the addresses that its record hints at; those that
 * demand what the library does not know, or speak none of the protocols, are passed over. Aliases are followed. When
 * none is reached, or there are no records, the host itself is tried. TLS keeps to the name of the host: certificates
 * need not have the names of endpoints. A numeric host, and one that the hosts file knows, has no records.
 *
 * A service whose records say that it is not there fails with `CQ_ENONAME`.
 *
 * Errors: EINVAL for NULL, a service that is no label of letters, digits and hyphens, or a bad list; ENOMEM.
 *
 * Source: RFC 9460.
 */
int cq_options_service(struct cq_options *options,
                       const char *service,
                       const char *protocols);

/**
 * Sets the path of a UNIX socket, `size` bytes. On Linux a path that begins with NUL is in the
 * abstract namespace.
 *
 * Errors: EINVAL for NULL or an empty path; ENAMETOOLONG; ENOMEM.
 */
int cq_options_path(struct cq_options *options, const void *path, size_t size);

/**
 * Sets the local address of a connecting socket: a numeric host, and a port or 0 for any.
 *
 * Errors: EINVAL for NULL or a bad port; `CQ_ENONAME` if it is not numeric.
 */
int cq_options_bind(struct cq_options *options, const char *host, int port);

/**
 * TLS: sets the name of the server for a client, instead of the host's: the client tells it to the server, whose
 * certificate must have it, unless `cq_tls_name` sets another name.
 *
 * With an empty name the handshake fails.
 *
 * Errors: EINVAL for NULL, or text that is not UTF-8; ENOMEM.
 */
int cq_options_sendname(struct cq_options *options,
                        const char *name);

/**
 * Sets the local path of a connecting UNIX socket, `size` bytes.
 *
 * Errors: EINVAL for NULL or an empty path; ENAMETOOLONG.
 */
int cq_options_bind_path(struct cq_options *options, const void *path, size_t size);

/**
 * Sets one of `CQ_OPTION_...` to a number, or to 0 or 1 where it says whether something is on. Options that do not
 * apply to a family or type are ignored.
 *
 * Errors: EINVAL for NULL, an unknown option, or a value that it cannot have.
 */
int cq_options_set(struct cq_options *options,
                   uint32_t option,
                   int value);

/**
 * Applies options to an existing socket, one that was accepted, adopted or made by `cq_socket_pair`: everything that
 * can still be set, which is all but its address, family, type and what concerns binding.
 *
 * Errors: EINVAL for NULL; EBADF; ENOMEM; what the system says.
 */
int cq_socket_configure(const struct cq_socket *socket,
                        const struct cq_options *options);

/**
 * Tells what is in effect on a socket for one of `CQ_OPTION_...` that the system keeps: `value` receives what
 * `cq_options_set` would take, with sizes of buffers as the system counts them.
 *
 * Errors: EINVAL for NULL, an unknown option, and those that the system does not keep: CQ_OPTION_PERMISSIONS,
 * CQ_OPTION_UMASK, CQ_OPTION_UNLINK, CQ_OPTION_BACKLOG, CQ_OPTION_ACTIVATED, CQ_OPTION_VERIFY, CQ_OPTION_SENDNAME; ENOTCONN while the
 * socket has no descriptor; EBADF after close; what the system says: EOPNOTSUPP, ENOPROTOOPT for one of another family.
 */
int cq_socket_option(const struct cq_socket *socket,
                     uint32_t option,
                     int *value);

/**
 * Sets an option of the system's on a socket's descriptor: setsockopt(2). What the library has a name for is better set
 * by `cq_options_set` before the socket is made, and by `cq_socket_configure` afterwards.
 *
 * Errors: EINVAL for NULL; ENOTCONN while the socket has no descriptor; EBADF after close; what the system says.
 *
 * Safety: `value` is readable for `size` bytes.
 */
int cq_socket_setsockopt(const struct cq_socket *socket,
                         int level,
                         int name,
                         const void *value,
                         size_t size);

/**
 * Reads an option of the system's from a socket's descriptor: getsockopt(2). `size` holds how many bytes `value` has
 * room for, and receives how many there are. TCP_INFO is one: `struct tcp_info` of <netinet/tcp.h>.
 *
 * Errors: EINVAL for NULL; ENOTCONN while the socket has no descriptor; EBADF after close; what the system says.
 *
 * Safety: `value` is writable for `*size` bytes.
 */
int cq_socket_getsockopt(const struct cq_socket *socket,
                         int level,
                         int name,
                         void *value,
                         size_t *size);

/* ==== What a task waits for (cq_interest) =========================================================
 * A task waits for a set of members: a descriptor, an object of the library, a condition, a span of time. It is woken
 * when one of them fires and is told which.
 */

/** An interest in nothing: initialise with this, then set what applies. */
#define CQ_INTEREST_NONE { -1, 0, 0, -1.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * In `fired`: a timeout has passed, or a condition was signalled.
 */
#define CQ_FIRED 16384

/**
 * In `fired`: the descriptor was cancelled. It has the value of POLLNVAL.
 */
#define CQ_CANCELLED 32

/**
 * For `cq_controller_wait` and `cq_controller_begin`: while tasks wake each other, the kernel is asked only now and
 * then: after 61 resumptions or 100 µs at the latest.
 */
#define CQ_WAIT_LAZY 1

/**
 * One member of a wait set. It fires as soon as any part of it does.
 *
 * Initialise it with `CQ_INTEREST_NONE`, then set what applies.
 */
typedef struct cq_interest {
    /**
     * A descriptor, or -1. Call `cq_controller_cancel` for it before closing it: a new descriptor of the same number
     * would be taken for it. That is not necessary once no task waits for it and a later step has begun. For an
     * object of this library set its member below instead of its descriptor here: objects leave their controllers by
     * themselves when they are closed.
     */
    int fd;
    /**
     * POLLIN, POLLOUT, POLLPRI: what to wait for on the descriptor. For a socket, 0 stands for what
     * `cq_socket_events` tells. A socket that still looks for the addresses of its name waits for those, whatever is
     * given here.
     */
    uint32_t events;
    /**
     * Set by `cq_poll`: 0, or what fired: a poll(2) mask, `CQ_FIRED`, `CQ_CANCELLED`.
     */
    uint32_t fired;
    /**
     * Fires after this many seconds from now; NaN or negative: no timeout.
     */
    double timeout;
    /**
     * A condition, or NULL.
     */
    const struct cq_condition *condition;
    /**
     * A socket, or NULL; its descriptor is used instead of `fd`.
     */
    const struct cq_socket *socket;
    /**
     * A resolver, or NULL: what its last fetch that returned EAGAIN waits for is used instead of `fd` and `events`.
     */
    const struct cq_dns_resolver *resolver;
    /**
     * A controller, or NULL: fires when a step of it would have something to do. It is used instead of `fd` and
     * `events`, as are the next three members. At most one of `resolver`, `controller`, `signal`, `thread` and
     * `notify` is given.
     */
    const struct cq_controller *controller;
    /**
     * A signal listener, or NULL: fires when it has a signal to tell.
     */
    const struct cq_signal *signal;
    /**
     * A thread, or NULL: fires when it has ended.
     */
    const struct cq_thread *thread;
    /**
     * A notifier, or NULL: fires when it has changes to tell.
     */
    const struct cq_notify *notify;
    /**
     * A scope, or NULL: fires when none of its tasks is left. It is given alone or with a timeout. A task that is
     * cancelled together with the scope does not wait for it so: see `cq_scope_park`.
     */
    const struct cq_scope *scope;
    /**
     * A process, or NULL: fires when it has ended, and where `cq_process_pollfd` is -1 also after `cq_process_timeout`
     * seconds, when `cq_process_try_wait` is to be asked. It is used instead of `fd` and `events`, with none of the objects
     * above but `condition`.
     */
    const struct cq_process *process;
    /**
     * NULL. Reserved for later versions.
     */
    const void *reserved;
} cq_interest;

/**
 * A member of a wait set that fired.
 */
typedef struct cq_fired {
    /**
     * Its place in the wait set.
     */
    uint32_t member;
    /**
     * A poll(2) mask, `CQ_FIRED`, `CQ_CANCELLED`.
     */
    uint32_t events;
} cq_fired;

/**
 * Tells which descriptor a task waits for when it polls this interest, for `cq_controller_cancel` and for messages.
 * For a controller it is not the one of `cq_controller_pollfd`, which is for other event loops. -1 if there is none,
 * or if the interest names several objects, and -1 for NULL.
 *
 * Safety: the objects that the interest names are live.
 */
int cq_interest_pollfd(const struct cq_interest *interest);

/* ==== Controllers (cq_controller) =================================================================
 * A controller owns tasks and wakes them. It is itself a descriptor that can be polled, so one controller may be a member
 * of another, or of any other event loop: watch `cq_controller_pollfd` for reading, call `cq_controller_step` with a
 * timeout of 0 when it is readable or when `cq_controller_timeout` has passed.
 */

/**
 * For `cq_controller_set_order`: tasks that are ready together run in the order in which they became ready. New
 * controllers have this order.
 */
#define CQ_OLDEST_FIRST 0

/**
 * For `cq_controller_set_order`: the task that became ready last runs first, and a task that is parked on nothing
 * keeps its place. This is the order of the Lua library cqueues.
 */
#define CQ_NEWEST_FIRST 1

/**
 * The body of a fiber, or a function for `cq_controller_post`. The result is as for `cq_resume`.
 */
typedef int (*cq_function)(void *argument);

/**
 * A task that ended with a code: see `cq_controller_failure`.
 */
typedef struct cq_failure {
    /**
     * The task. It is over, unless it is a callback that has parked itself.
     */
    cq_task task;
    /**
     * The code that it ended with.
     */
    int code;
    /**
     * The name that `cq_task_set_name` gave it; empty without one.
     */
    char name[64];
    /**
     * Why, in words, or NULL. For `cq_scope_failure`, which says how long it holds.
     */
    const char *reason;
    /**
     * 0. Reserved for later versions.
     */
    uint64_t reserved[3];
} cq_failure;

/**
 * A function that is called in each step: see `cq_controller_set_hooks`.
 */
typedef void (*cq_hook)(struct cq_controller *controller, void *data);

/**
 * Called once with a task's `argument` when the task is over, whether it ended or was dropped with its controller.
 */
typedef void (*cq_release)(void *argument);

/**
 * Makes a controller, which belongs to the calling thread. Free it with `cq_controller_free`. If the environment
 * variable `CQUEUES_INSPECT` names a directory, the controller is served there as by `cq_controller_inspect`.
 *
 * Errors: EINVAL for NULL; EMFILE, ENFILE, ENOMEM.
 *
 * Source: cqueues User Guide §3.2.1.
 */
int cq_controller_new(struct cq_controller **controller);

/**
 * Frees a controller and drops its tasks: suspended fibers never continue. Inside a step of this controller, that
 * happens when the step ends. NULL is ignored.
 */
void cq_controller_free(struct cq_controller *controller);

/**
 * Drops all tasks and closes all of the controller's descriptors. The handle stays valid and must
 * still be freed. Closing twice is safe.
 *
 * Errors: EINVAL for NULL; EBUSY inside one of its own steps.
 */
int cq_controller_close(struct cq_controller *controller);

/**
 * Sets the order in which tasks run that are ready together: `CQ_OLDEST_FIRST` or `CQ_NEWEST_FIRST`. In both orders,
 * a task that becomes ready during a step runs in the next step, and of several tasks that wait for one descriptor,
 * the one that began to wait first runs first. With `CQ_NEWEST_FIRST`, tasks whose timers are due run before tasks
 * whose descriptors are ready, and `CQ_WAIT_LAZY` has no effect.
 *
 * Errors: EINVAL for NULL or another order.
 */
int cq_controller_set_order(struct cq_controller *controller,
                            uint32_t order);

/**
 * Tells the order in which tasks run that are ready together. `CQ_OLDEST_FIRST` for NULL.
 */
uint32_t cq_controller_order(const struct cq_controller *controller);

/**
 * Tells whether the controller has no tasks. True for NULL.
 */
bool cq_controller_empty(const struct cq_controller *controller);

/**
 * Counts the controller's tasks. 0 for NULL.
 */
size_t cq_controller_count(const struct cq_controller *controller);

/**
 * Wakes every task of this controller that waits for `fd`, with `CQ_CANCELLED` as what fired, and takes the
 * descriptor out of the controller.
 *
 * Errors: EINVAL for NULL.
 */
int cq_controller_cancel(struct cq_controller *controller,
                         int fd);

/**
 * Blocks the calling thread until the controller has something to do or a signal is delivered. The `count` signals
 * are unblocked for the time of the wait. No task runs: step the controller afterwards.
 *
 * Errors: EINVAL for NULL or a number that is no signal; EBADF after close; EBUSY in a callback or fiber of this
 * controller.
 *
 * Source: ppoll(2), cqueues User Guide §3.2.1.
 */
int cq_controller_pause(struct cq_controller *controller,
                        const int *signals,
                        size_t count);

/**
 * Gives the descriptor that is readable when a step would have something to do. In any other event loop, poll it for
 * POLLIN, for at most `cq_controller_timeout` seconds, and then step with a timeout of 0.
 *
 * Errors: EINVAL for NULL; EBADF after close; EMFILE, ENFILE.
 */
int cq_controller_pollfd(struct cq_controller *controller,
                         int *fd);

/**
 * Gives the events to poll the descriptor for: POLLIN, also for NULL.
 */
uint32_t cq_controller_events(const struct cq_controller *_controller);

/**
 * Gives the seconds after which a step has something to do even if no descriptor becomes ready: 0 if a task is
 * ready, NaN if there is no deadline, and NaN for NULL.
 */
double cq_controller_timeout(struct cq_controller *controller);

/**
 * Ends the wait of the step that is under way, or makes the controller's descriptor readable, so that the thread
 * that waits for the descriptor steps the controller. Any thread may call it at any time, until the controller is
 * closed or freed. A signal handler may call it if `cq_controller_pollfd` or this function was called before,
 * outside of the handler; it must save errno.
 *
 * Errors: EINVAL for NULL; EBADF after close; EMFILE, ENFILE.
 */
int cq_controller_alert(struct cq_controller *controller);

/**
 * Has `function(argument)` called by the thread that steps the controller, in its next step, and wakes that thread.
 * Any thread may post at any time, until the controller is closed or freed. Functions run in the order in which they
 * were posted. A posted function may not wait: calls that would have to wait answer EDEADLK, as in a callback. A
 * function that has not run when the controller is closed or freed never runs.
 *
 * The result of the function is 0 or the code with which `cq_controller_step` shall return.
 *
 * Errors: EINVAL for NULL; EBADF after close; EMFILE, ENFILE, ENOMEM: nothing is called then.
 */
int cq_controller_post(struct cq_controller *controller,
                       cq_function function,
                       void *argument);

/**
 * Has the `cq_controller_loop` that is under way return ECANCELED when its step is done; if none is under way, the
 * next call of `cq_controller_loop` does so at once. The tasks stay as they are, and another loop goes on with them.
 * Any thread may call it at any time until the controller is closed or freed; a signal handler may call it on the
 * conditions under which it may call `cq_controller_alert`.
 *
 * Errors: EINVAL for NULL; EBADF after close; EMFILE, ENFILE.
 */
int cq_controller_stop(struct cq_controller *controller);

/**
 * Tells from which task the code came that the last step, loop or `cq_controller_next` returned: the last task that
 * ended with a code since the last step began.
 *
 * Errors: EINVAL for NULL; ENOENT if no task did: the code, if there was one, is the controller's own.
 */
int cq_controller_failure(const struct cq_controller *controller,
                          struct cq_failure *failure);

/**
 * Keeps a pointer of the program's with the controller.
 *
 * Errors: EINVAL for NULL as the controller; EPERM while another thread steps it.
 */
int cq_controller_set_data(struct cq_controller *controller, void *data);

/**
 * Returns that pointer; NULL without one. NULL for NULL.
 */
void *cq_controller_data(const struct cq_controller *controller);

/**
 * Shuts down in good order, and returns at once. Tasks that wait to accept a connection get ECANCELED, from now on, and
 * are to close their listeners; scopes that are idle (`cq_scope_set_idle`) end, and those that become so. In `grace`
 * seconds all other scopes and tasks end, with ETIMEDOUT; NaN or negative: never; 0: now. Then go on with
 * `cq_controller_loop`, which returns when all tasks have ended. Of tasks that do not end, `cq_controller_tasks` tells
 * the name and the wait. Another call changes the grace.
 *
 * Errors: EINVAL for NULL; EBADF after close; EPERM while another thread steps the controller; ENOMEM.
 */
int cq_controller_shutdown(struct cq_controller *controller,
                           double grace);

/**
 * Tells whether `cq_controller_shutdown` was called. False for NULL.
 */
bool cq_controller_shuts_down(const struct cq_controller *controller);

/**
 * After fork(2), in the child: gives the controller a kernel queue of its own, in which everything that its tasks
 * wait for is registered again.
 *
 * Errors: EINVAL for NULL; EBADF after close; EMFILE, ENFILE.
 */
int cq_controller_reset(struct cq_controller *controller);

/**
 * Gives the controller and the task that run in this thread. Either output may be NULL. The controller is the handle
 * that `cq_controller_new` made, and not one more to free.
 *
 * Errors: ENOENT outside of callbacks and fibers.
 */
int cq_running(struct cq_controller **controller,
               cq_task *task);

/**
 * Has functions called in each step of a controller, by the thread that steps it: `before` when the step has begun,
 * before it is looked what is ready, and `after` when that was done, before any task runs. Between the two lies the
 * time in which the kernel was asked or waited for. Either may be NULL; both NULL ends it. A controller has one pair:
 * the last that was set. What `before` makes ready (tasks that it adds, conditions that it signals) is ready in this
 * step, which does not wait then; what `after` makes ready comes in the next one.
 *
 * A hook may call whatever a callback may: functions that wait answer EDEADLK. It may free the controller, as a
 * callback may. `cq_running` answers ENOENT, since no task runs.
 *
 * Errors: EINVAL for NULL; EPERM while another thread steps it.
 */
int cq_controller_set_hooks(struct cq_controller *controller,
                            cq_hook before,
                            cq_hook after,
                            void *data);

/**
 * Waits at most `timeout` seconds (NaN or negative: without limit) for something to do, and makes up the batch of
 * this step: the tasks that are ready. It does not wait while a task is ready, nor if the controller has no tasks. A
 * signal ends the wait early; the batch may then be empty. `flags` is 0 or `CQ_WAIT_LAZY`.
 *
 * Errors: EINVAL for NULL or unknown flags; EBADF after close; ENOMEM, and what is ready stays so; EBUSY in a
 * callback or fiber of this controller.
 */
int cq_controller_wait(struct cq_controller *controller,
                       double timeout,
                       uint32_t flags);

/**
 * Waits at most `timeout` seconds (NaN or negative: without limit) and runs every callback and fiber that is ready,
 * once. In a fiber of another controller only that fiber waits.
 *
 * Without tasks it returns at once.
 *
 * Errors: EINVAL for NULL; EBADF after close; ENOMEM; EBUSY inside another step of this controller; EDEADLK
 * in a callback of another controller, unless `timeout` is 0 or something is ready; ENOTSUP if a task
 * is ready that `cq_controller_add` added, or one of a batch, whose operation then begins anew; otherwise the code
 * with which a task ended: call again to go on.
 *
 * Source: cqueues User Guide §3.2.1.
 */
int cq_controller_step(struct cq_controller *controller,
                       double timeout);

/**
 * Steps until no tasks are left, and then answers 0, or until `timeout` seconds have passed (NaN or negative:
 * without limit). A task that frees the controller ends the loop too, with 0.
 *
 * Errors: ETIMEDOUT if tasks are left when the time is over; ECANCELED after `cq_controller_stop`; otherwise as for
 * `cq_controller_step`. `cq_controller_failure` tells the code of a task from one of these.
 */
int cq_controller_loop(struct cq_controller *controller,
                       double timeout);

/* ==== Tasks (cq_task) =============================================================================
 * A fiber (`cq_controller_wrap`) has a stack of its own and waits in the middle of its code. A callback
 * (`cq_controller_attach`) is called when what it was parked on fires. Both are tasks: they have a number, may have a name
 * and data, can be cancelled and joined.
 */

/**
 * Resumes a task. The `count` elements of `fired` tell what woke it (none the first time) and hold until the
 * function returns. To be called again, the function parks the task again with `cq_controller_park`; otherwise the
 * task is over. The result is 0 or the code with which `cq_controller_step` shall return.
 */
typedef int (*cq_resume)(struct cq_controller *controller,
                         cq_task task,
                         void *argument,
                         const struct cq_fired *fired,
                         size_t count);

/**
 * Cancels a task: each of its waits ends with ECANCELED from now on, the present one included, and so do those of
 * tasks in scopes that it has begun. Ending with that code is no failure. Otherwise as `cq_scope_cancel`.
 *
 * Errors: EINVAL for NULL; ENOENT if there is no such task; ENOMEM; EPERM while another thread steps the controller.
 *
 * Safety: `reason` is NULL or terminated.
 */
int cq_task_cancel(struct cq_controller *controller,
                   cq_task task,
                   const char *reason);

/**
 * Tells whether the waits of a task are ended: 0, ECANCELED, or ETIMEDOUT after the deadline of a scope around it.
 *
 * Errors: EINVAL for NULL; ENOENT if there is no such task; ECANCELED, ETIMEDOUT.
 */
int cq_task_status(const struct cq_controller *controller,
                   cq_task task);

/**
 * Returns why the waits of a task are ended, in the words of whoever has cancelled it; NULL without any. The text
 * holds until the task is over or the scope that was cancelled is freed. NULL for NULL.
 */
const char *cq_task_reason(const struct cq_controller *controller,
                           cq_task task);

/**
 * Notes that a task of the pull interface has failed, before `cq_controller_finish` removes it: the scope that it was
 * started in ends, unless it supervises, and keeps the failure. `reason` may be NULL.
 *
 * Errors: EINVAL for NULL, or for 0 as the code; ENOENT if there is no such task, or if it was started in no scope.
 *
 * Safety: `reason` is NULL or terminated.
 */
int cq_task_fail(struct cq_controller *controller,
                 cq_task task,
                 int code,
                 const char *reason);

/**
 * Waits until a task is over, at most `timeout` seconds (NaN or negative: without limit). `code` (may be NULL) receives
 * the code that it ended with: ECANCELED if it was removed before its end. In a fiber only the fiber waits; outside of
 * any task this thread steps the controller until then.
 *
 * Errors: EINVAL for NULL; ENOENT if there is no such task: it may be over already, and the code with it; ETIMEDOUT;
 * ECANCELED if the wait was ended; EDEADLK in a callback, and for the task that runs; ENOMEM. Outside of any task, as
 * for `cq_controller_step`.
 *
 * Safety: `code` is NULL or writable.
 */
int cq_task_join(struct cq_controller *controller,
                 cq_task task,
                 double timeout,
                 int *code);

/**
 * Keeps a pointer of the program's with a task.
 *
 * Errors: EINVAL for NULL as the controller; ENOENT if there is no such task; ENOMEM.
 */
int cq_task_set_data(struct cq_controller *controller, cq_task task, void *data);

/**
 * Returns that pointer; NULL without one, and if there is no such task. NULL for NULL.
 */
void *cq_task_data(const struct cq_controller *controller, cq_task task);

/**
 * Gives the present scope of a task: the innermost of those that it has begun, or the one that it was started in. The
 * handle is the one that `cq_scope_new` made, and not one more to free. `task` is 0 for the callback or fiber that
 * runs.
 *
 * Errors: EINVAL for NULL; ENOENT if it is in no scope, or if there is no such task in this controller.
 *
 * Safety: `scope` is writable.
 */
int cq_task_scope(const struct cq_controller *controller,
                  cq_task task,
                  struct cq_scope **scope);

/**
 * Adds a task in callback style: each step in which it is ready calls `resume`. `release` (may be
 * NULL) is called once with `argument` when the task is over. `task` may be NULL.
 *
 * Errors: EINVAL for NULL; EBADF after close.
 *
 * Safety: `resume` and `release` may be called with `argument` until `release` was called.
 */
int cq_controller_attach(struct cq_controller *controller,
                         cq_resume resume,
                         cq_release release,
                         void *argument,
                         cq_task *task);

/**
 * Adds a fiber: `function(argument)` runs on a stack of its own, and the calls that wait (`cq_poll`, `cq_sleep`,
 * `cq_socket_read`, ...) suspend only the fiber. A fiber whose controller is closed or freed while it is suspended
 * never continues: what it owns must be reachable from `argument`, for `release` to free. `release` and `task` may
 * be NULL.
 *
 * The stack has 256 KiB unless `cq_controller_set_stack_size` said otherwise; pages of it that were never touched
 * take no memory. Below it lies a guard of 512 KiB (64 KiB where pointers have 32 bits). A function that runs over
 * the end of the stack, or has a local array that does not fit and is not larger than the guard, ends the process
 * with SIGSEGV and overwrites nothing. Linux from 6.13 on has room for hundreds of thousands of fibers; before, the
 * two mappings of each fiber count against vm.max_map_count, 65,530 as a rule.
 *
 * A fiber may wait inside a C++ catch block. An exception must not leave the function of a fiber, a callback, a
 * `release` or a posted function: if one does, the process is ended. longjmp(3) must not leave these functions
 * either, nor jump from one fiber to another: the behaviour is undefined then.
 *
 * Errors: EINVAL for NULL; EBADF after close; ENOMEM.
 *
 * Safety: as for `cq_controller_attach`.
 */
int cq_controller_wrap(struct cq_controller *controller,
                       cq_function function,
                       cq_release release,
                       void *argument,
                       cq_task *task);

/**
 * Sets the size of the stacks of fibers that are added from now on, in bytes, rounded up to whole pages. To give a
 * single fiber a stack of another size, set it before that `cq_controller_wrap` and set it back afterwards. Only
 * stacks of the default size, 262,144 bytes, are kept for later fibers.
 *
 * Errors: EINVAL for NULL, less than 16 KiB, or more than 1 GiB.
 */
int cq_controller_set_stack_size(struct cq_controller *controller,
                                 size_t size);

/**
 * Names a task, for `cq_controller_failure` and for whoever debugs the program. The name has at most 63 bytes, of
 * which a copy is kept. NULL and "" take the name away.
 *
 * Errors: EINVAL for NULL as the controller; ENOENT if there is no such task; ENAMETOOLONG, ENOMEM: the task keeps
 * the name that it had.
 *
 * Safety: `name` is NULL or terminated.
 */
int cq_task_set_name(struct cq_controller *controller,
                     cq_task task,
                     const char *name);

/**
 * Returns the name of a task; NULL if it has none, or if there is no such task. The text holds until the task is
 * named again or is over. NULL for NULL.
 */
const char *cq_task_name(const struct cq_controller *controller,
                         cq_task task);

/**
 * Parks a task until a member of the set fires: a pull task after it was resumed, a callback task
 * from inside its callback. An empty set makes it ready in the next step.
 *
 * Errors: EINVAL for NULL, unknown events, or a fiber; ENOENT if there is no such task; EBADF or
 * EPERM for a descriptor that cannot be polled, ENOMEM: the task is then parked on nothing.
 *
 * Safety: `set` is readable for `count` members. Conditions are kept alive while the task waits;
 * closing a socket wakes its waiters.
 */
int cq_controller_park(struct cq_controller *controller,
                       cq_task task,
                       const struct cq_interest *set,
                       size_t count);

/**
 * Removes a task: a pull task that has ended, or any task that shall not go on. `release` is called
 * for callbacks and fibers.
 *
 * Errors: EINVAL for NULL; ENOENT if there is no such task; EBUSY for a callback or fiber from
 * inside itself.
 */
int cq_controller_finish(struct cq_controller *controller,
                         cq_task task);

/* ==== Waiting in a fiber, or outside of controllers (cq_poll) =====================================
 * In a fiber these suspend the fiber; outside of a controller they block the thread; in a callback they answer EDEADLK.
 */

/**
 * Waits until a member of the set fires and marks in `fired` which did. In a fiber only the fiber
 * waits; outside a controller the thread does. An empty set lets the other tasks run once.
 *
 * `ready` (may be NULL) receives the number of members that fired.
 *
 * Errors: EINVAL for NULL or unknown events; EBADF or EPERM for a descriptor that cannot be
 * polled; ENOMEM; EDEADLK in a callback.
 *
 * Safety: `set` is writable for `count` members; its conditions and sockets live until it
 * returns.
 *
 * Source: cqueues User Guide §3.1.1.
 */
int cq_poll(struct cq_interest *set,
            size_t count,
            size_t *ready);

/**
 * Waits for `seconds` seconds. In a fiber only the fiber waits; outside a controller the thread does. NaN or
 * negative: for ever. Times are kept as exactly as the kernel can; a controller with 256 times to wait for or more wakes
 * those of the same half millisecond together, at its end.
 *
 * Errors: EDEADLK in a callback.
 */
int cq_sleep(double seconds);

/**
 * Calls `cq_controller_cancel` with the controller that runs in this thread, for callbacks and fibers.
 *
 * Errors: ENOENT outside of callbacks and fibers.
 */
int cq_cancel(int fd);

/* ==== Condition variables (cq_condition) ==========================================================
 * Tasks wait for a condition until it is signalled. Nothing is remembered: a signal without a waiter is lost.
 */

/**
 * Makes a condition variable. With `lifo` the latest waiter is woken first, otherwise the
 * earliest. Free it with `cq_condition_free`.
 *
 * Errors: EINVAL for NULL; ENOMEM.
 *
 * Source: cqueues User Guide §3.2.13.
 */
int cq_condition_new(bool lifo, struct cq_condition **condition);

/**
 * Frees a condition variable. Tasks that wait for it stay parked on the rest of their wait set. NULL is ignored.
 */
void cq_condition_free(struct cq_condition *condition);

/**
 * Names what tasks wait for at a condition, for lists of tasks: they show `condition "NAME"`. The name has at most 63
 * bytes, of which a copy is kept. NULL and "" take the name away.
 *
 * Errors: EINVAL for a NULL condition; ENAMETOOLONG, ENOMEM, and EPERM if tasks of another thread wait: it keeps the
 * name that it had.
 *
 * Safety: `name` is NULL or terminated.
 */
int cq_condition_set_name(const struct cq_condition *condition,
                          const char *name);

/**
 * Wakes at most `limit` waiting tasks and tells how many it woke. They run in the next step of their controllers. It
 * makes no system call, except to make the descriptor of a controller readable that is not being stepped and whose
 * `cq_controller_pollfd` has been asked for.
 *
 * `woken` may be NULL.
 *
 * Errors: EINVAL for a NULL condition; EPERM if tasks of another thread wait: have `cq_controller_post` signal it
 * there.
 */
int cq_condition_signal(const struct cq_condition *condition,
                        size_t limit,
                        size_t *woken);

/**
 * Waits until the condition is signalled, at most `timeout` seconds (NaN or negative: without
 * limit). In a fiber only the fiber waits; outside a controller the thread does.
 *
 * Errors: EINVAL for NULL; ETIMEDOUT; EDEADLK in a callback; EPERM if tasks of another thread wait.
 */
int cq_condition_wait(const struct cq_condition *condition,
                      double timeout);

/* ==== Scopes: tasks that end together (cq_scope) ==================================================
 * Scopes nest. A deadline, a cancel or a task's failure ends every wait in a scope and in those within it, so that no
 * task outlives its scope. docs/scopes.md explains the model.
 */

/**
 * Returns the scope around a scope, which is not one more handle to free; NULL if there is none. NULL for NULL.
 */
struct cq_scope *cq_scope_parent(const struct cq_scope *scope);

/**
 * Returns the name of a scope, which holds until the scope is named again or freed; NULL without one. NULL for NULL.
 */
const char *cq_scope_name(const struct cq_scope *scope);

/**
 * Makes a scope in the controller. It lies in `parent`; with NULL, in the present scope of the task that runs, if
 * that is a callback or fiber of this controller, and otherwise in none. Free it with `cq_scope_free`.
 *
 * Errors: EINVAL for NULL, or for a parent of another controller; EBADF after close; ENOMEM; EPERM while another
 * thread steps the controller.
 */
int cq_scope_new(struct cq_controller *controller,
                 const struct cq_scope *parent,
                 struct cq_scope **scope);

/**
 * Frees a scope. It ends, and its tasks are removed as by `cq_controller_finish`: suspended fibers never continue. To
 * let them end by themselves, call `cq_scope_cancel` and `cq_scope_wait` before. The task that makes this call, if it
 * is one of the scope, goes on, but cannot wait any more; a task that has begun the scope is back in the one around
 * it. Scopes that lie in it have ended, and are still to be freed. NULL is ignored.
 */
void cq_scope_free(struct cq_scope *scope);

/**
 * As `cq_controller_attach`, in a scope.
 *
 * Errors: as there; ECANCELED, ETIMEDOUT if the scope has ended; EBADF once the controller is closed or freed.
 *
 * Safety: as there.
 */
int cq_scope_attach(struct cq_scope *scope,
                    cq_resume resume,
                    cq_release release,
                    void *argument,
                    cq_task *task);

/**
 * As `cq_controller_wrap`, in a scope. A fiber that ends with a code other than 0 has failed: the scope ends, unless
 * `cq_scope_set_supervisor` said otherwise, and keeps the first failure for `cq_scope_wait`; the step in which that
 * happens goes on. Ending with the code that its waits were ended with is no failure.
 *
 * Errors: as there; ECANCELED, ETIMEDOUT if the scope has ended; EBADF once the controller is closed or freed.
 *
 * Safety: as there.
 */
int cq_scope_wrap(struct cq_scope *scope,
                  cq_function function,
                  cq_release release,
                  void *argument,
                  cq_task *task);

/**
 * Begins the scope around what a task does from now on, until `cq_scope_end`: when the scope ends, so do the waits of
 * this task. `task` is 0 for the callback or fiber that runs.
 *
 * Errors: EINVAL for NULL, or if the scope does not lie in the task's present one; EBUSY if a task has begun it;
 * ENOENT if there is no such task; EBADF once the controller is closed or freed; ENOMEM.
 */
int cq_scope_begin(struct cq_scope *scope,
                   cq_task task);

/**
 * Ends what `cq_scope_begin` began: the task is back in the scope around it, and can wait again unless that has ended
 * too.
 *
 * Errors: EINVAL for NULL, or if the scope is not the task's present one, begun by it; EBUSY while tasks that were
 * started in the scope are left: call `cq_scope_wait` before; ENOENT if there is no such task; EBADF once the
 * controller is closed or freed.
 */
int cq_scope_end(struct cq_scope *scope,
                 cq_task task);

/**
 * Lets the scope end in so many seconds, with ETIMEDOUT. With NaN or a negative number it does not end by itself, and
 * with 0 it ends now. A scope that has ended stays so.
 *
 * Errors: EINVAL for NULL; EBADF once the controller is closed or freed; ENOMEM.
 */
int cq_scope_deadline(struct cq_scope *scope,
                      double seconds);

/**
 * Keeps out what ends the scopes around this one, or the task that has begun it, for so many seconds from now: time
 * for cleaning up. After that their end reaches it. NaN, negative or 0: no longer. What ends the scope itself is not
 * kept out.
 *
 * Errors: EINVAL for NULL; EBADF once the controller is closed or freed; ENOMEM.
 */
int cq_scope_shield(struct cq_scope *scope,
                    double seconds);

/**
 * Ends the scope and those in it. Each wait of their tasks ends with ECANCELED: the present one in the next step, and
 * each that they begin from then on, in the step after it. A wait for which something has fired already succeeds. What
 * sockets have buffered stays, as after a timeout. `code` is for whoever waits for the scope, see `cq_scope_wait`; 0
 * stands for ECANCELED. `reason` (may be NULL) says why, in words of which a copy is kept if there is memory for it. Cancelling again, or a scope that has ended, changes nothing.
 *
 * Errors: EINVAL for NULL; EBADF once the controller is closed or freed; EPERM while another thread steps it: have
 * `cq_controller_post` cancel it there.
 *
 * Safety: `reason` is NULL or terminated.
 */
int cq_scope_cancel(struct cq_scope *scope,
                    int code,
                    const char *reason);

/**
 * With `true` the other tasks of the scope go on when one fails.
 *
 * Errors: EINVAL for NULL; EBADF once the controller is closed or freed.
 */
int cq_scope_set_supervisor(struct cq_scope *scope, bool supervises);

/**
 * With `true`, what the scope does may end at once when its controller shuts down: a connection waits for its next
 * request, for instance. If it shuts down already, the scope ends now, with ECANCELED.
 *
 * Errors: EINVAL for NULL; EBADF once the controller is closed or freed.
 */
int cq_scope_set_idle(struct cq_scope *scope,
                      bool idle);

/**
 * Tells how many of the tasks that were started in the scope, and of the scopes in it that have such tasks, are left.
 * 0 for NULL, and once the controller is closed or freed.
 */
size_t cq_scope_count(const struct cq_scope *scope);

/**
 * Tells whether the scope, or one around it that no shield keeps out, has ended: 0, ECANCELED, or ETIMEDOUT after a
 * deadline.
 *
 * Errors: EINVAL for NULL; EBADF once the controller is closed or freed; ECANCELED, ETIMEDOUT.
 */
int cq_scope_status(const struct cq_scope *scope);

/**
 * Returns why the scope was cancelled, or why its first task failed, in words; NULL without any. The text holds until
 * the scope is freed or the controller is closed. NULL for NULL.
 */
const char *cq_scope_reason(const struct cq_scope *scope);

/**
 * Tells which task of the scope failed first. The reason in it holds until the scope is freed or the controller is
 * closed.
 *
 * Errors: EINVAL for NULL; ENOENT if none has failed; EBADF once the controller is closed or freed.
 *
 * Safety: `failure` is writable.
 */
int cq_scope_failure(const struct cq_scope *scope,
                     struct cq_failure *failure);

/**
 * Names a scope, for whoever debugs the program. The name has at most 63 bytes, of which a copy is kept. NULL and ""
 * take the name away.
 *
 * Errors: EINVAL for NULL as the scope; ENAMETOOLONG; EBADF once the controller is closed or freed.
 *
 * Safety: `name` is NULL or terminated.
 */
int cq_scope_set_name(struct cq_scope *scope,
                      const char *name);

/**
 * Keeps a pointer of the program's with the scope.
 *
 * Errors: EINVAL for NULL as the scope; EBADF once the controller is closed or freed.
 */
int cq_scope_set_data(struct cq_scope *scope, void *data);

/**
 * Returns that pointer; NULL without one, and once the controller is closed or freed. NULL for NULL.
 */
void *cq_scope_data(const struct cq_scope *scope);

/**
 * Waits until all tasks that were started in the scope, and those of the scopes in it, have ended. In a fiber only the
 * fiber waits; outside of any task this thread steps the controller until then.
 *
 * Returns 0; the code of the first task that failed (`cq_scope_failure` tells the rest); or, if the scope has ended
 * without a failure, the code given to `cq_scope_cancel`, ECANCELED or ETIMEDOUT.
 *
 * In a fiber that is cancelled itself, the call ends at once only if the scope goes on. If the scope has ended as well,
 * its tasks are about to end, and the call waits for them.
 *
 * Errors: EINVAL for NULL; EBADF once the controller is closed or freed; EDEADLK in a callback, and in a task of the
 * scope; ENOMEM; ECANCELED, ETIMEDOUT. Outside of any task, as for `cq_controller_step`.
 */
int cq_scope_wait(struct cq_scope *scope);

/**
 * Parks a task of the pull interface, or a callback, until the scope has no tasks left, as `cq_scope_wait` waits: if
 * the scope has ended, what ends the task's other waits does not end this one. Without tasks in the scope the task is
 * ready in the next step.
 *
 * Errors: as for `cq_controller_park`; EDEADLK for a task of the scope; EBADF once the controller is closed or freed.
 */
int cq_scope_park(const struct cq_scope *scope,
                  cq_task task);

/* ==== Queues of pointers (cq_queue) ===============================================================
 * A queue with a limit passes pointers between tasks; `cq_queue_post` also from other threads.
 */

/**
 * Makes a queue of pointers, first in, first out. It takes at most `limit` items; 0: as many as there is memory for.
 * Tasks that wait at either end are served in the order in which they came: an item or a place that becomes free is
 * set aside for the first of them, and goes to the next if that one times out or is ended meanwhile. Free it with
 * `cq_queue_free`.
 *
 * Errors: EINVAL for NULL.
 */
int cq_queue_new(size_t limit,
                 struct cq_queue **queue);

/**
 * Closes and frees a queue: who waits for it gets EPIPE. Items that nobody has taken are not looked at; take them
 * before. Other threads must have stopped posting. NULL is ignored.
 */
void cq_queue_free(struct cq_queue *queue);

/**
 * Puts an item at the end of the queue, and waits while the queue is full, at most `timeout` seconds (NaN or negative:
 * without limit). In a fiber only the fiber waits; outside a controller the thread does, in which nobody else can make
 * room meanwhile. The item may be NULL.
 *
 * Errors: EINVAL for NULL as the queue; ETIMEDOUT; EPIPE once the queue is closed; EDEADLK in a callback that would
 * wait; EPERM if tasks of another thread wait. The item is then not in the queue.
 */
int cq_queue_put(const struct cq_queue *queue,
                 void *item,
                 double timeout);

/**
 * Puts an item at the end of the queue, without waiting.
 *
 * Errors: EINVAL for NULL as the queue; EAGAIN while the queue is full, or what room it has is for tasks that have
 * waited for it; EPIPE once the queue is closed; EPERM if tasks of another thread wait.
 */
int cq_queue_try_put(const struct cq_queue *queue,
                     void *item);

/**
 * Takes the first item, and waits while there is none, at most `timeout` seconds (NaN or negative: without limit). In a
 * fiber only the fiber waits; outside a controller the thread does, in which nobody else can put an item meanwhile.
 *
 * Errors: EINVAL for NULL; ETIMEDOUT; EPIPE once the queue is closed and has no items left; EDEADLK in a callback that
 * would wait; EPERM if tasks of another thread wait.
 */
int cq_queue_get(const struct cq_queue *queue,
                 double timeout,
                 void **item);

/**
 * Takes the first item, without waiting.
 *
 * Errors: EINVAL for NULL; EAGAIN while there is no item, or those that there are are for tasks that have waited for
 * them; EPIPE once the queue is closed and has no items left; EPERM if tasks of another thread wait.
 */
int cq_queue_try_get(const struct cq_queue *queue,
                     void **item);

/**
 * Puts an item at the end of the queue, without waiting; any thread may call this at any time until the queue or the
 * controller is freed. The item is in the queue at once; tasks that wait for items learn of it in the next step of
 * `controller`, which must belong to the thread whose tasks use the queue. A thread that waits in `cq_queue_get`
 * outside a controller does not learn of it. Items of one thread stay in order.
 *
 * Errors: EINVAL for NULL as the queue or controller; EAGAIN while the queue is full; EPIPE once the queue is closed;
 * EBADF if the controller is closed; EMFILE, ENFILE. The item is then not in the queue. A step of a controller that
 * belongs to another thread than the waiting tasks ends with EPERM.
 */
int cq_queue_post(const struct cq_queue *queue,
                  const struct cq_controller *controller,
                  void *item);

/**
 * Closes a queue: nothing more can be put, and everybody who waits is woken. Items that are in the queue can still be
 * taken; after them comes EPIPE. Closing twice is safe.
 *
 * Errors: EINVAL for NULL; EPERM if tasks of another thread wait.
 */
int cq_queue_close(const struct cq_queue *queue);

/**
 * Counts the items in the queue. 0 for NULL.
 */
size_t cq_queue_count(const struct cq_queue *queue);

/* ==== Semaphores (cq_semaphore) ===================================================================
 * A number of permits that tasks take and give back.
 */

/**
 * Makes a semaphore with `count` permits, which may be 0. Tasks that wait for a permit are served in the order in which
 * they came: a permit that is given back is set aside for the first of them, and goes to the next if that one times
 * out or is ended meanwhile. Free it with `cq_semaphore_free`.
 *
 * Errors: EINVAL for NULL.
 */
int cq_semaphore_new(size_t count,
                     struct cq_semaphore **semaphore);

/**
 * Frees a semaphore: who waits for it gets EBADF. NULL is ignored.
 */
void cq_semaphore_free(struct cq_semaphore *semaphore);

/**
 * Takes a permit, and waits while there is none, at most `timeout` seconds (NaN or negative: without limit). In a fiber
 * only the fiber waits; outside a controller the thread does, in which nobody else can give one back meanwhile.
 *
 * Errors: EINVAL for NULL; ETIMEDOUT; EBADF if the semaphore is freed meanwhile; EDEADLK in a callback that would wait;
 * EPERM if tasks of another thread wait.
 */
int cq_semaphore_acquire(const struct cq_semaphore *semaphore,
                         double timeout);

/**
 * Takes a permit, without waiting.
 *
 * Errors: EINVAL for NULL; EAGAIN while there is none, or those that there are are for tasks that have waited for them;
 * EPERM if tasks of another thread wait.
 */
int cq_semaphore_try_acquire(const struct cq_semaphore *semaphore);

/**
 * Gives `count` permits back, or adds some that were not there before. Any task may do so.
 *
 * Errors: EINVAL for NULL; EOVERFLOW if there would be more than SIZE_MAX, and none is given back; EPERM if tasks of
 * another thread wait.
 */
int cq_semaphore_release(const struct cq_semaphore *semaphore,
                         size_t count);

/**
 * Counts the permits that can be taken without waiting. 0 for NULL.
 */
size_t cq_semaphore_count(const struct cq_semaphore *semaphore);

/* ==== Mutexes (cq_mutex) ==========================================================================
 * One task at a time holds a mutex. It is for tasks of one thread that keep others out while they wait.
 */

/**
 * Makes a mutex, which one task at a time can hold. It is for tasks of one thread, and does not keep threads apart.
 * Its holder is the callback or fiber that locked it, in any number of resumptions, and outside of these the thread.
 * Tasks that wait are served in the order in which they came: the mutex is handed to the first of them, and to the next
 * if that one times out or is ended meanwhile. A mutex that its holder does not unlock before it ends stays locked.
 * Free it with `cq_mutex_free`.
 *
 * Errors: EINVAL for NULL.
 */
int cq_mutex_new(struct cq_mutex **mutex);

/**
 * Frees a mutex that nobody holds or waits for, or that a task holds which is over. NULL is ignored.
 *
 * Errors: EBUSY while it is held or waited for; EPERM if tasks of another thread wait. It is then not freed.
 */
int cq_mutex_free(struct cq_mutex *mutex);

/**
 * Locks a mutex, and waits while another task holds it, at most `timeout` seconds (NaN or negative: without limit). In
 * a fiber only the fiber waits; outside a controller the thread does, in which nobody else can unlock it meanwhile.
 *
 * Errors: EINVAL for NULL; ETIMEDOUT; EDEADLK if the caller holds it already, and in a callback that would wait; EPERM
 * if tasks of another thread wait.
 */
int cq_mutex_lock(const struct cq_mutex *mutex,
                  double timeout);

/**
 * Locks a mutex, without waiting.
 *
 * Errors: EINVAL for NULL; EBUSY while somebody holds it, the caller included, or it is for a task that has waited for
 * it; EPERM if tasks of another thread wait.
 */
int cq_mutex_try_lock(const struct cq_mutex *mutex);

/**
 * Unlocks a mutex, and hands it to the task that has waited longest for it.
 *
 * Errors: EINVAL for NULL; EPERM if the caller does not hold it, or if tasks of another thread wait.
 */
int cq_mutex_unlock(const struct cq_mutex *mutex);

/* ==== Sockets: making, connecting, listening, closing (cq_socket) =================================
 * A socket connects, or is bound, on its first use, also by name: making one never waits. What is said of Modes, Closing
 * sockets and Limits at the head of this header holds for all that follows.
 */

/**
 * What `cq_socket_stat` tells of one direction.
 */
typedef struct cq_stat {
    /**
     * The number of bytes received or sent.
     */
    uint64_t count;
    /**
     * When the last operation was, in seconds since the epoch; 0 if there was none.
     */
    double time;
    /**
     * What `cq_socket_eof` tells; also true after a shutdown.
     */
    bool eof;
    /**
     * 0. Reserved for later versions.
     */
    uint64_t reserved[4];
} cq_stat;

/**
 * Makes a socket that begins to connect. Whether it succeeds is told by the first operation on the socket: no error
 * of the network is returned here. Free it with `cq_socket_free`.
 *
 * The addresses of a name are looked for by the thread's resolvers (`cq_dns_configure`) and tried as in RFC 8305:
 * the next one when one fails or has taken 250 ms; the first connection is kept. A listener or a datagram socket
 * takes the first address that works. All of this counts towards the timeout of the operation that waits.
 *
 * Errors: EINVAL for NULL or options that name no address; ENOMEM.
 *
 * Source: cqueues User Guide §3.2.2.
 */
int cq_socket_connect(const struct cq_options *options,
                      struct cq_socket **socket);

/**
 * Makes a socket that listens. Otherwise as `cq_socket_connect`; `cq_socket_establish` tells whether binding
 * succeeded.
 *
 * Errors: EINVAL for NULL or options that name no address; ENOMEM.
 */
int cq_socket_listen(const struct cq_options *options,
                     struct cq_socket **socket);

/**
 * Makes two connected UNIX sockets of a type (SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET).
 *
 * Errors: EINVAL for NULL; EMFILE, ENFILE; ENOMEM; what the system says of another type: ESOCKTNOSUPPORT,
 * EPROTONOSUPPORT.
 */
int cq_socket_pair(int kind,
                   struct cq_socket **first,
                   struct cq_socket **second);

/**
 * Takes over a descriptor, which becomes non-blocking and close-on-exec and is closed with the socket. A descriptor
 * that is no socket is a stream to read and write. On error it stays the caller's.
 *
 * Errors: EINVAL for NULL; EBADF; ENOMEM.
 */
int cq_socket_adopt(int fd,
                    struct cq_socket **socket);

/**
 * Makes a socket of a copy of a descriptor; the descriptor itself stays the caller's. Otherwise as
 * `cq_socket_adopt`.
 *
 * Errors: EINVAL for NULL; EBADF; EMFILE; ENOMEM.
 */
int cq_socket_dup(int fd,
                  struct cq_socket **socket);

/**
 * Closes and frees a socket, which no fiber may be waiting in. NULL is ignored.
 */
void cq_socket_free(struct cq_socket *socket);

/**
 * Closes a socket: the tasks that wait for it wake, in every controller; held lines are sent as far as the kernel
 * takes them at once; other buffered output is dropped. The handle stays valid and must still be freed. Closing
 * twice is safe.
 *
 * Errors: EINVAL for NULL; EBUSY in a callback that libssl calls for this very socket.
 */
int cq_socket_close(struct cq_socket *socket);

/**
 * Closes a socket so that its peer is told of a failure: what was not sent is dropped, and a TCP connection is reset. The
 * peer's reads and writes then fail with ECONNRESET instead of ending as usual. TLS sends no close_notify. Other sockets
 * are closed. Otherwise as `cq_socket_close`. A proxy passes on a reset in this way.
 *
 * Errors: as for `cq_socket_close`.
 */
int cq_socket_abort(struct cq_socket *socket);

/**
 * Closes a socket but not its descriptor, which is the caller's from then on (-1 if there is none yet).
 * The handle must still be freed.
 *
 * Errors: EINVAL for NULL; EBADF after close; EBUSY as for `cq_socket_close`.
 */
int cq_socket_release(const struct cq_socket *socket,
                      int *fd);

/**
 * Tells what a socket is doing: "resolving" (finding the addresses of its name), "connecting", "handshaking" (TLS),
 * "connected", "listening", "failed" or "closed"; "busy" in a callback that libssl calls for it. The text is static;
 * NULL for NULL. `cq_socket_reason` tells more.
 */
const char *cq_socket_phase(const struct cq_socket *socket);

/**
 * Goes on connecting or binding without waiting.
 *
 * Errors: EINVAL for NULL; EAGAIN: wait for the socket and repeat; EBADF after close; what kept the
 * socket from being connected or bound.
 */
int cq_socket_try_establish(const struct cq_socket *socket);

/**
 * Waits until the socket is connected or bound, at most its timeout.
 *
 * Errors: as for `cq_socket_try_establish`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
 */
int cq_socket_establish(const struct cq_socket *socket);

/**
 * Goes on binding without waiting, as `cq_socket_try_establish`. An adopted descriptor that is bound but does not
 * listen yet begins to: listen(2). `cq_socket_try_accept` and `cq_socket_accept` do the same by themselves.
 *
 * Errors: as for `cq_socket_try_establish`; EINVAL also for a socket that connects; what listen(2) says.
 */
int cq_socket_try_listen(const struct cq_socket *socket);

/**
 * Takes a connection from a listener without waiting. After 64 connections in one resumption of a task it answers
 * EAGAIN, so that other tasks have their turn. When no descriptor is free it answers EAGAIN, and a wait for the
 * listener ends after some time (`cq_socket_poll_timeout`) rather than at an event: the listener goes on once descriptors
 * are free.
 *
 * The connection has the listener's CQ_OPTION_TIME, CQ_OPTION_NOSIGPIPE, CQ_OPTION_STRICT and `cq_socket_set_hold`, and
 * what the system lets it inherit (TCP_NODELAY, SO_KEEPALIVE and buffer sizes on Linux); modes, limits and timeout are those
 * of a new socket. `cq_socket_configure` gives it other options.
 *
 * Errors: EINVAL for NULL and for a socket that connects; EAGAIN; EBADF after close; ENOMEM, and the connection can
 * be taken later; what kept the listener from being bound; what listen(2) says.
 */
int cq_socket_try_accept(const struct cq_socket *socket,
                         struct cq_socket **accepted);

/**
 * Waits for a connection, at most the socket's timeout.
 *
 * Errors: as for `cq_socket_try_accept`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
 */
int cq_socket_accept(const struct cq_socket *socket, struct cq_socket **accepted);

/**
 * shutdown(2) with SHUT_RD, SHUT_WR or SHUT_RDWR. Held lines are sent as far as the kernel takes them at once; other
 * buffered output is not, see `cq_socket_finish`.
 *
 * Errors: EINVAL for NULL or another number; ENOTCONN; EBADF after close; what kept the socket from being connected.
 */
int cq_socket_shutdown(const struct cq_socket *socket,
                       int how);

/**
 * Tells a socket's descriptor, -1 while it has none, and -1 for NULL.
 */
int cq_socket_pollfd(const struct cq_socket *socket);

/**
 * Tells the poll(2) events to wait for: after an operation that returned EAGAIN, those before it is repeated; after
 * a read or an accept that succeeded, those before the next one, or 0 if there may be more at once. 0 for NULL.
 */
uint32_t cq_socket_events(const struct cq_socket *socket);

/**
 * Tells the seconds after which the last operation wants to be repeated even if no event came, or NaN. NaN for NULL.
 */
double cq_socket_poll_timeout(const struct cq_socket *socket);

/**
 * Gives the peer's name; family AF_UNSPEC if the socket is not connected.
 *
 * Errors: EINVAL for NULL; EBADF after close; what kept the socket from being connected.
 */
int cq_socket_peername(const struct cq_socket *socket, struct cq_name *name);

/**
 * Gives the socket's own name. Otherwise as `cq_socket_peername`.
 */
int cq_socket_localname(const struct cq_socket *socket, struct cq_name *name);

/**
 * Gives the effective user and group of a UNIX stream's peer as of its connect.
 *
 * Errors: EINVAL for NULL; EOPNOTSUPP for other families; ENOTSOCK; EBADF after close; what kept the socket from being
 * connected.
 *
 * Platforms: Linux. Source: unix(7), SO_PEERCRED.
 */
int cq_socket_peereid(const struct cq_socket *socket,
                      uint32_t *uid,
                      uint32_t *gid);

/**
 * Gives the process of a UNIX stream's peer as of its connect, 0 if it is not known.
 *
 * Errors: EINVAL for NULL; ENOTSOCK; EBADF after close; what kept the socket from being connected.
 *
 * Platforms: Linux. Source: unix(7), SO_PEERCRED.
 */
int cq_socket_peerpid(const struct cq_socket *socket,
                      int *pid);

/**
 * Gives statistics of a direction.
 *
 * Errors: EINVAL for NULL or no direction.
 */
int cq_socket_stat(const struct cq_socket *socket, uint32_t which, struct cq_stat *stat);

/**
 * Keeps a pointer of the program's with the socket.
 *
 * Errors: EINVAL for NULL as the socket.
 */
int cq_socket_set_data(const struct cq_socket *socket, void *data);

/**
 * Returns that pointer; NULL without one. NULL for NULL.
 */
void *cq_socket_data(const struct cq_socket *socket);

/**
 * Writes why the socket failed, in words, with the peer that it concerns, and a NUL: "certificate
 * verify failed: unable to get local issuer certificate, peer 127.0.0.1:443"; an empty text
 * if nothing failed that has more to say than its code. An address that this end could not have
 * is told as such: "Address already in use, local address 127.0.0.1:443".
 *
 * Errors: EINVAL for NULL.
 *
 * Safety: `text` is writable for `size` bytes.
 */
int cq_socket_reason(const struct cq_socket *socket,
                     char *text,
                     size_t size);

/* ==== Reading and writing (cq_socket_read) ========================================================
 * Each operation comes twice: plain, it waits at most the socket's timeout; as `try` it never waits and answers EAGAIN,
 * with what to wait for in `cq_socket_events` and `cq_socket_poll_timeout`.
 */

/**
 * For `format`: everything until end of file.
 */
#define CQ_READ_ALL 1

/**
 * For `format`: a line without its end of line.
 */
#define CQ_READ_LINE 2

/**
 * For `format`: a line with its end of line.
 */
#define CQ_READ_LINE_KEEP 3

/**
 * For `format`: a MIME header field, unfolded.
 */
#define CQ_READ_HEADER 4

/**
 * For `format`: a MIME header field as it came.
 */
#define CQ_READ_HEADER_KEEP 5

/**
 * For `format`: `count` bytes; fewer only at end of file.
 */
#define CQ_READ_EXACTLY 6

/**
 * For `format`: 1 to `count` bytes.
 */
#define CQ_READ_UP_TO 7

/**
 * For `flags` of `cq_socket_try_recv`, for callers that on EAGAIN wait for the socket next: answers EAGAIN without
 * asking the kernel if a receive in this resumption has emptied the kernel's buffer, and no other socket of the
 * thread has sent or ended since. It also answers EAGAIN, though there may be more, to a task that has read for 10
 * ms in one resumption.
 */
#define CQ_PATIENT 1

/**
 * For `flags` of `cq_socket_try_recv`: first send pending output, if the output mode says `a`. What the kernel does not
 * take yet is waited for together with the input. EPIPE is left to the next send; with any other error the call fails.
 */
#define CQ_FLUSH 2

/**
 * For `cq_socket_try_send`, joined to a mode by `|`: another send follows at once, and the bytes of both leave together.
 */
#define CQ_MORE 1024

/**
 * For `cq_socket_try_send`, joined to a mode by `|`: the caller waits and comes back with what was not taken, so that it
 * need not be copied.
 */
#define CQ_AGAIN 2048

/**
 * A piece of memory, as `struct iovec` of <sys/uio.h>.
 */
typedef struct cq_piece {
    /**
     * The bytes.
     */
    const void *data;
    /**
     * How many.
     */
    size_t size;
} cq_piece;

/**
 * Takes `count` pieces for output as if they were one, as `cq_socket_try_send` does, and without copying those that
 * leave at once. `cq_piece` has the layout of `struct iovec`. `sent` receives how many bytes were taken in all, also on
 * error: to go on, leave out as many.
 *
 * Errors: as for `cq_socket_try_send`; EINVAL also for no pieces.
 *
 * Safety: each piece is readable for its size, `sent` is writable.
 *
 * Source: writev(2).
 */
int cq_socket_try_sendv(const struct cq_socket *socket,
                        const struct cq_piece *pieces,
                        size_t count,
                        uint32_t mode,
                        size_t *sent);

/**
 * Writes `count` pieces as if they were one, waiting at most the socket's timeout, as `cq_socket_write` does.
 *
 * Errors: as for `cq_socket_write`; EINVAL also for no pieces.
 *
 * Safety: each piece is readable for its size.
 *
 * Source: writev(2).
 */
int cq_socket_writev(const struct cq_socket *socket,
                     const struct cq_piece *pieces,
                     size_t count);

/**
 * Takes at least one byte and at most `size` into the caller's memory, without waiting. `mode` and `flags` are as for
 * `cq_socket_try_recv`.
 *
 * Errors: as for `cq_socket_try_recv` with CQ_READ_UP_TO.
 *
 * Safety: `data` is writable for `size` bytes.
 */
int cq_socket_try_recv_into(const struct cq_socket *socket,
                            void *data,
                            size_t size,
                            uint32_t mode,
                            uint32_t flags,
                            size_t *received);

/**
 * Reads at least one byte and at most `size` into the caller's memory, waiting at most the socket's timeout. Otherwise
 * as `cq_socket_read` with CQ_READ_UP_TO.
 *
 * Errors: as for `cq_socket_read`.
 *
 * Safety: `data` is writable for `size` bytes.
 */
int cq_socket_read_into(const struct cq_socket *socket,
                        void *data,
                        size_t size,
                        size_t *received);

/**
 * Sends up to `count` bytes of the file that `fd` is open on, from `offset` on, without waiting; what is buffered
 * leaves before. The bytes go as they are, whatever the mode. `sent` receives how many were taken, also on error; 0
 * without an error means that the file has no more. One call takes 1 MiB at most. On Linux the kernel sends the file by
 * itself, unless the socket has TLS; elsewhere it is read and sent.
 *
 * Errors: EINVAL for NULL, or an offset that no file has; EAGAIN: wait for the socket, then go on behind what was sent;
 * EPIPE; ESPIPE for what is no file; EBADF after close; what the system says.
 *
 * Safety: `sent` is writable.
 *
 * Source: sendfile(2), pread(2).
 */
int cq_socket_try_sendfile(const struct cq_socket *socket,
                           int fd,
                           uint64_t offset,
                           size_t count,
                           size_t *sent);

/**
 * Sends `count` bytes of a file, or as many as it has from `offset` on, and waits, each time at most the socket's timeout, until they
 * are with the kernel. Otherwise as `cq_socket_try_sendfile`.
 *
 * Errors: as there; ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
 *
 * Safety: `sent` is writable.
 */
int cq_socket_sendfile(const struct cq_socket *socket,
                       int fd,
                       uint64_t offset,
                       size_t count,
                       size_t *sent);

/**
 * Tells whether end of file was received (input) or the peer refuses more (output). False for NULL.
 */
bool cq_socket_eof(const struct cq_socket *socket,
                   uint32_t which);

/**
 * Turns off TCP_CORK or TCP_NOPUSH, so that the kernel sends what it holds back.
 *
 * Errors: EINVAL for NULL; EOPNOTSUPP on other sockets; ENOTSOCK; EBADF after close; what kept the socket from being
 * connected.
 */
int cq_socket_uncork(const struct cq_socket *socket);

/**
 * Takes what `format` (`CQ_READ_...`, with `count` where it needs one) asks for, without waiting. The flags that
 * `mode` names replace the socket's own for this call. `flags` is 0 or made of `CQ_PATIENT` and `CQ_FLUSH`. The
 * bytes lie in the socket's buffer until the next call that receives or fills it. `*data` is NULL if end of file
 * came first (`CQ_READ_ALL`), or if what comes is not a header.
 *
 * Errors: EINVAL for NULL, an unknown format, mode or flag; EAGAIN: wait for the socket and repeat, no byte is
 * lost; ENOMEM if the buffer cannot grow, no byte is lost; EPIPE at end of file; EBADF after close; what the
 * system says.
 *
 * Safety: `data` and `size` are writable.
 *
 * Source: cqueues User Guide §3.2.2, read and recv.
 */
int cq_socket_try_recv(const struct cq_socket *socket,
                       uint32_t format,
                       size_t count,
                       uint32_t mode,
                       uint32_t flags,
                       const void **data,
                       size_t *size);

/**
 * Takes a chunk of a MIME entity, up to and without the end of line in front of the boundary, which
 * stays in the input. `*data` is NULL when the boundary is next. Otherwise as `cq_socket_try_recv`.
 *
 * Safety: `boundary` is readable for `length` bytes ("--..."); `data` and `size` are writable.
 */
int cq_socket_try_recv_body(const struct cq_socket *socket,
                            const void *boundary,
                            size_t length,
                            uint32_t mode,
                            uint32_t flags,
                            const void **data,
                            size_t *size);

/**
 * Waits for what `format` asks for, at most the socket's timeout; flushes pending output first, unless the output
 * mode says `A`. Otherwise as `cq_socket_try_recv`. An error other than end of file stays until `cq_socket_set_error`
 * clears it, and is returned by every later read; bytes already received stay.
 *
 * Errors: as for `cq_socket_try_recv`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
 */
int cq_socket_read(const struct cq_socket *socket,
                   uint32_t format,
                   size_t count,
                   const void **data,
                   size_t *size);

/**
 * Receives until `size` bytes are buffered, without waiting. Pending output is sent first, if the output mode says
 * `a`.
 *
 * Errors: EINVAL for NULL; EAGAIN; ENOMEM, and what is buffered stays; EPIPE if fewer come; `CQ_ETRUNCATED` if a
 * strict socket's TLS stream was cut short; EBADF after close; what the system says.
 */
int cq_socket_try_fill(const struct cq_socket *socket,
                       size_t size);

/**
 * Waits until `size` bytes are buffered, at most the socket's timeout.
 *
 * Errors: as for `cq_socket_try_fill`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
 */
int cq_socket_fill(const struct cq_socket *socket, size_t size);

/**
 * Puts bytes in front of the input, to be read next.
 *
 * Errors: EINVAL for NULL, and for a size that no object can have; ENOMEM, and the input is as it was; EBADF after
 * close.
 */
int cq_socket_unget(const struct cq_socket *socket,
                    const void *data,
                    size_t size);

/**
 * Counts the buffered bytes of a direction. 0 for NULL.
 */
size_t cq_socket_pending(const struct cq_socket *socket, uint32_t which);

/**
 * Takes bytes for output without waiting and sends what the socket's mode says must leave; the flags that `mode`
 * names replace the socket's own for this call. `sent` receives how many bytes were taken, also on error; bytes that
 * were taken and not sent leave with later sends, also of no bytes, or a flush. With `CQ_MORE` in `mode`, nothing
 * leaves yet unless the buffer is full.
 *
 * Errors: EINVAL for NULL or no mode, and for a size that no object can have; EAGAIN: wait for the socket, then
 * send the rest, or flush if all were taken; ENOMEM if the buffer cannot grow; EPIPE; EBADF after close; what the
 * system says.
 *
 * Safety: `data` is readable for `size` bytes, `sent` is writable.
 */
int cq_socket_try_send(const struct cq_socket *socket,
                       const void *data,
                       size_t size,
                       uint32_t mode,
                       size_t *sent);

/**
 * Writes bytes, waiting at most the socket's timeout until they were sent or buffered, as its mode says. An error
 * stays until `cq_socket_set_error` clears it, and is returned by every later write. To know how much was taken
 * before an error, use `cq_socket_try_send`.
 *
 * Errors: EINVAL for NULL, and for a size that no object can have; ETIMEDOUT; ENOMEM; EPIPE; EBADF after close;
 * EDEADLK in a callback; what the system says.
 *
 * Safety: `data` is readable for `size` bytes.
 */
int cq_socket_write(const struct cq_socket *socket,
                    const void *data,
                    size_t size);

/**
 * Sends buffered output without waiting. With `mode` 0 everything is sent. Otherwise the buffering that `mode`
 * names, or that of the socket if it names none, says what must leave: with `l`, the lines, but for those that
 * were sent in binary mode with `f` or `n` while the socket itself was not in `l`.
 *
 * Errors: EINVAL for NULL or no mode; EAGAIN keeps the rest; EPIPE; EBADF after close.
 */
int cq_socket_try_flush(const struct cq_socket *socket,
                        uint32_t mode);

/**
 * Sends everything that is buffered, waiting at most the socket's timeout.
 *
 * Errors: EINVAL for NULL; ETIMEDOUT; EPIPE; EBADF after close; EDEADLK in a callback.
 */
int cq_socket_flush(const struct cq_socket *socket);

/**
 * Sends everything that is buffered, tells the peer that this was all, with TLS too, and shuts the output down, without
 * waiting. Reading goes on. What has no such end, a pipe or a datagram socket, is only flushed. An end that the kernel had
 * no room for would look to a TLS peer as if somebody had cut the stream short: `cq_socket_shutdown` and
 * `cq_socket_close` do not wait for room, this does.
 *
 * Errors: EINVAL for NULL; EAGAIN: wait for the socket and repeat; EPIPE; EBADF after close; what the system says.
 */
int cq_socket_try_finish(const struct cq_socket *socket);

/**
 * Sends everything that is buffered, tells the peer that this was all, and shuts the output down, waiting at most the
 * socket's timeout. Otherwise as `cq_socket_try_finish`.
 *
 * Errors: as there, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
 */
int cq_socket_finish(const struct cq_socket *socket);

/* ==== How a socket buffers, and its limits (cq_socket_mode) =======================================
 * Modes are words of letters, one for each direction: "t" or "b" (text, binary), "n", "l" or "f" (unbuffered, by lines,
 * fully), "a" (flush the output before a read), "p" (what came before TLS began belongs to the handshake).
 */

/**
 * For `which`: the direction from the peer to the program.
 */
#define CQ_INPUT 0

/**
 * For `which`: the direction from the program to the peer.
 */
#define CQ_OUTPUT 1

/**
 * Modes are numbers made by `cq_mode_parse`; 0 stands for the mode that the socket has.
 */
#define CQ_MODE_DEFAULT 0

/**
 * Each line leaves at once.
 */
#define CQ_HOLD_NONE 0

/**
 * A line that is written while the socket has more input at hand is held.
 */
#define CQ_HOLD_ANSWERS 1

/**
 * So is each line after the first that a task writes in one resumption.
 */
#define CQ_HOLD_LINES 2

/**
 * Tells the socket that its descriptor was found readable, so that the next `cq_socket_try_recv` with `CQ_PATIENT` asks
 * the kernel again.
 */
void cq_socket_readable(const struct cq_socket *socket);

/**
 * Adds poll(2) events to those that `cq_socket_events` tells, until the next operation: who polls the socket waits for them, too.
 * Others than POLLIN, POLLOUT and POLLPRI are ignored. A caller whose flush has run out of time adds POLLIN by it if the read
 * before had found no input.
 */
void cq_socket_add_events(const struct cq_socket *socket,
                          uint32_t events);

/**
 * Forgets what the last operation waits for: `cq_socket_events` is 0 again.
 */
void cq_socket_clear_events(const struct cq_socket *socket);

/**
 * Makes a mode of `size` flags: `t` text (CRLF in the stream is LF for the program) or `b` binary; output not
 * buffered `n`, by lines `l` or fully `f`; reads flush output first `a` or do not `A`; `p` or `P`, which concern TLS
 * in the Lua library cqueues and have no effect here. Of several flags of one group the last counts; other
 * characters are ignored. 0 for NULL.
 *
 * What a group means of which no flag is named depends on where the mode is used. For one call (`cq_socket_try_recv`,
 * `_send`, `_try_flush`, ...) it is the socket's own flag. As the mode of a socket (`cq_socket_set_mode`) it is `t`,
 * `l`, `a` or `p`.
 *
 * Source: cqueues User Guide §3.2.2, setmode.
 */
uint32_t cq_mode_parse(const char *flags,
                       size_t size);

/**
 * Gives the mode that has the flags of `flags`, and in the groups that `flags` does not name those of `mode`. Either
 * may be 0. 0 if neither names a flag, or if one is no mode.
 */
uint32_t cq_mode_change(uint32_t mode,
                        uint32_t flags);

/**
 * Writes a mode as three characters and a NUL: for input ("t-p") or output ("tla").
 *
 * Errors: EINVAL for NULL, 0 or no mode.
 *
 * Safety: `text` is writable for 4 bytes.
 */
int cq_mode_format(uint32_t mode, uint32_t which, char *text);

/**
 * Sets which lines may be held back, CQ_HOLD_LINES by default. They leave together when the task waits or ends, a line
 * that may not be held is written, the buffer is full, or the descriptor is asked for, shut down, closed or forked, and at exit(3).
 * Accepted sockets take the setting over from their listener. It has no effect outside a controller.
 *
 * Errors: EINVAL for NULL or another number.
 */
int cq_socket_set_hold(const struct cq_socket *socket,
                       uint32_t which);

/**
 * Tells which lines may be held back (`cq_socket_set_hold`). CQ_HOLD_NONE for NULL.
 */
uint32_t cq_socket_hold(const struct cq_socket *socket);

/**
 * Gives the mode of a direction, a number as from `cq_mode_parse`. 0 for NULL.
 */
uint32_t cq_socket_mode(const struct cq_socket *socket, uint32_t which);

/**
 * Sets the mode of a direction.
 *
 * Errors: EINVAL for NULL, no direction, 0 or no mode.
 */
int cq_socket_set_mode(const struct cq_socket *socket, uint32_t which, uint32_t mode);

/**
 * Gives the buffer size of a direction in bytes, SIZE_MAX if unlimited. 0 for NULL.
 */
size_t cq_socket_bufsiz(const struct cq_socket *socket, uint32_t which);

/**
 * Sets the buffer size of a direction: the least that a receive asks for, or what full buffering
 * collects before it sends. SIZE_MAX is unlimited.
 *
 * Errors: EINVAL for NULL, no direction or 0.
 */
int cq_socket_set_bufsiz(const struct cq_socket *socket,
                         uint32_t which,
                         size_t size);

/**
 * Gives the longest line of a direction in bytes. 0 for NULL.
 */
size_t cq_socket_maxline(const struct cq_socket *socket, uint32_t which);

/**
 * Sets the longest line of a direction: a longer one is read or sent in pieces of that size.
 *
 * Errors: EINVAL for NULL, no direction or 0.
 */
int cq_socket_set_maxline(const struct cq_socket *socket, uint32_t which, size_t size);

/**
 * Gives the timeout of operations that wait, in seconds; NaN if there is none, and NaN for NULL.
 */
double cq_socket_timeout(const struct cq_socket *socket);

/**
 * Sets the timeout of operations that wait, in seconds; NaN or negative: none.
 *
 * Errors: EINVAL for NULL.
 */
int cq_socket_set_timeout(const struct cq_socket *socket, double timeout);

/**
 * Gives the error that an operation that waits has left in a direction; 0 if there is none, and 0 for NULL.
 */
int cq_socket_error(const struct cq_socket *socket,
                    uint32_t which);

/**
 * Sets the error of a direction, 0 to clear it; `previous` (may be NULL) receives the one before.
 *
 * Errors: EINVAL for NULL or no direction.
 */
int cq_socket_set_error(const struct cq_socket *socket,
                        uint32_t which,
                        int error,
                        int *previous);

/* ==== Datagrams, peers, descriptors (cq_datagram) =================================================
 * UDP and UNIX datagrams with their peers' addresses, one at a time or many in one call, and descriptors that are passed
 * over UNIX sockets.
 */

/**
 * In `flags` of a received datagram: it had more bytes than there was room for; the rest is lost.
 */
#define CQ_TRUNCATED 1

/**
 * One of a batch of datagrams.
 */
typedef struct cq_datagram {
    /**
     * The bytes.
     */
    void *data;
    /**
     * How many, or how many there is room for.
     */
    size_t size;
    /**
     * How many came, or were sent.
     */
    size_t received;
    /**
     * `CQ_TRUNCATED`.
     */
    uint32_t flags;
    /**
     * From where, or where to; without one, the peer to which the socket is connected.
     */
    struct cq_address address;
    /**
     * The local address, without a port: of one that came, where it was sent to (with `CQ_OPTION_PACKET_INFO`); of one
     * to send, where it shall come from; without one, as the system says.
     */
    struct cq_address local;
    /**
     * The number of the interface by which it came (with `CQ_OPTION_PACKET_INFO`), or shall leave; 0: as the system
     * says.
     */
    uint32_t interface;
    /**
     * The mark of the network, 0 to 3 (RFC 3168): 0 if it can have none, 1 or 2 if it can, 3 if it met congestion. Of
     * one that came with `CQ_OPTION_ECN`; of one to send, 0: as the system says.
     */
    uint32_t ecn;
    /**
     * If not 0, the bytes are many datagrams of this size each, of which the last may be shorter. Of one that came with
     * `CQ_OPTION_SEGMENTS`; of one to send, the kernel cuts it (UDP_SEGMENT): at most 64, and 65,507 bytes.
     */
    uint32_t segment;
    /**
     * Must be 0. Reserved for later versions.
     */
    uint32_t reserved[5];
} cq_datagram;

/**
 * Receives one datagram into `data` without waiting. `received` receives its size. `from` receives its sender's
 * address, whose size is 0 if there is none; `flags` receives `CQ_TRUNCATED` or 0. `from` and `flags` may be NULL.
 * Bytes that reads have buffered are not touched. Pending output is sent first, if the output mode says `a`.
 *
 * Errors: EINVAL for NULL; EAGAIN: wait for the socket and repeat; EOPNOTSUPP with TLS; ECONNREFUSED
 * if an earlier datagram reached nobody; EBADF after close; what the system says: ENOTSOCK, ENOTCONN.
 *
 * Safety: `data` is writable for `size` bytes.
 */
int cq_socket_try_recvfrom(const struct cq_socket *socket,
                           void *data,
                           size_t size,
                           size_t *received,
                           struct cq_address *from,
                           uint32_t *flags);

/**
 * Receives one datagram, waiting at most the socket's timeout. The arguments are those of `cq_socket_try_recvfrom`.
 *
 * Errors: as for `cq_socket_try_recvfrom`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
 */
int cq_socket_recvfrom(const struct cq_socket *socket,
                       void *data,
                       size_t size,
                       size_t *received,
                       struct cq_address *from,
                       uint32_t *flags);

/**
 * Sends one datagram without waiting, to the address `to` or, if that is NULL, to the connected peer. Bytes that
 * writes have buffered are not touched.
 *
 * Errors: EINVAL for NULL; EAGAIN: wait for the socket and repeat; EMSGSIZE; EDESTADDRREQ or ENOTCONN
 * without a peer; EOPNOTSUPP with TLS; EBADF after close; what the system says.
 *
 * Safety: `data` is readable for `size` bytes.
 */
int cq_socket_try_sendto(const struct cq_socket *socket,
                         const void *data,
                         size_t size,
                         const struct cq_address *to);

/**
 * Sends one datagram, waiting at most the socket's timeout. The arguments are those of `cq_socket_try_sendto`.
 *
 * Errors: as for `cq_socket_try_sendto`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
 */
int cq_socket_sendto(const struct cq_socket *socket,
                     const void *data,
                     size_t size,
                     const struct cq_address *to);

/**
 * Receives up to `count` datagrams with few system calls (recvmmsg) and without waiting. In each element of `list`,
 * `data` and `size` are the caller's room; `received`, `flags` and `address` are filled. `done` receives how many
 * datagrams came.
 *
 * Errors: as for `cq_socket_try_recvfrom`; EINVAL also for a count of 0, and for NULL with a size or a `reserved` that
 * is not 0 in the list.
 *
 * Safety: each `data` is writable for its `size`.
 */
int cq_socket_try_recv_batch(const struct cq_socket *socket,
                             struct cq_datagram *list,
                             size_t count,
                             size_t *done);

/**
 * Sends up to `count` datagrams with few system calls (sendmmsg) and without waiting. In each element of `list`,
 * `data` and `size` are the bytes, and `address` is where they go; if its size is 0, to the connected peer. `done`
 * receives how many were sent; if fewer than `count`, the next call tells why.
 *
 * Errors: as for `cq_socket_try_sendto`; EINVAL also for a count of 0, and for NULL with a size or a `reserved` that
 * is not 0 in the list.
 *
 * Safety: each `data` is readable for its `size`.
 */
int cq_socket_try_send_batch(const struct cq_socket *socket,
                             struct cq_datagram *list,
                             size_t count,
                             size_t *done);

/**
 * Sends bytes, at least one, and with them a copy of the descriptor `fd` (-1: none) over a UNIX socket, without
 * waiting. Bytes that writes have buffered are not touched.
 *
 * Errors: EINVAL for NULL or no bytes; EAGAIN: wait for the socket and repeat; EBADF; EPIPE;
 * EOPNOTSUPP for a descriptor on a socket of another family, and with TLS; what the system says: ENOTSOCK, ENOTCONN.
 *
 * Safety: `data` is readable for `size` bytes.
 *
 * Source: cqueues User Guide §3.2.2, sendfd; unix(7).
 */
int cq_socket_try_sendfd(const struct cq_socket *socket,
                         const void *data,
                         size_t size,
                         int fd);

/**
 * Sends bytes and a descriptor, waiting at most the socket's timeout. The arguments are those of
 * `cq_socket_try_sendfd`.
 *
 * Errors: as for `cq_socket_try_sendfd`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
 */
int cq_socket_sendfd(const struct cq_socket *socket,
                     const void *data,
                     size_t size,
                     int fd);

/**
 * Receives bytes and the descriptor that came with them, without waiting. `received` receives the number of bytes.
 * `fd` receives the descriptor, close-on-exec and the caller's to close, or -1 if none came. Bytes that reads have
 * buffered are not touched. Pending output is sent first, if the output mode says `a`.
 *
 * Errors: EINVAL for NULL; EAGAIN: wait for the socket and repeat; EPIPE at end of file; ENOBUFS if
 * there was less room than bytes or more than one descriptor, which are closed; EOPNOTSUPP with TLS;
 * EBADF after close; what the system says: ENOTSOCK, ENOTCONN.
 *
 * Safety: `data` is writable for `size` bytes.
 *
 * Source: cqueues User Guide §3.2.2, recvfd; unix(7).
 */
int cq_socket_try_recvfd(const struct cq_socket *socket,
                         void *data,
                         size_t size,
                         size_t *received,
                         int *fd);

/**
 * Receives bytes and a descriptor, waiting at most the socket's timeout. The arguments are those of
 * `cq_socket_try_recvfd`.
 *
 * Errors: as for `cq_socket_try_recvfd`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
 */
int cq_socket_recvfd(const struct cq_socket *socket,
                     void *data,
                     size_t size,
                     size_t *received,
                     int *fd);

/**
 * Has a datagram socket receive what is sent to a multicast group, at the port that it is bound to. `group` is the
 * group's address, whose port does not matter; `interface` is the name of the network interface, "eth0", or NULL for
 * the one that the system chooses. A socket may be in many groups, as many as the system allows (20 on Linux,
 * igmp_max_memberships).
 *
 * Errors: EINVAL for NULL, and for what is no multicast address; ENODEV if there is no such interface; EADDRINUSE if the
 * socket is in the group; ENOBUFS with too many; EOPNOTSUPP for an interface where the system names them by their
 * addresses (IPv4 on NetBSD, OpenBSD, Solaris); ENOTCONN while the socket has no descriptor; EBADF after close; what the
 * system says.
 *
 * Source: RFC 3493, RFC 3678, ip(7).
 */
int cq_socket_join(const struct cq_socket *socket,
                   const struct cq_address *group,
                   const char *interface);

/**
 * Leaves a multicast group. The arguments are those of `cq_socket_join`.
 *
 * Errors: as for `cq_socket_join`; EADDRNOTAVAIL if the socket is not in the group.
 */
int cq_socket_leave(const struct cq_socket *socket,
                    const struct cq_address *group,
                    const char *interface);

/**
 * Sends a socket's multicast datagrams by the network interface of that name, or with NULL by the one that the system
 * chooses. Hops and whether they come back to this host are options: CQ_OPTION_MULTICAST_TTL, CQ_OPTION_MULTICAST_LOOP.
 *
 * Errors: as for `cq_socket_join`.
 */
int cq_socket_set_multicast_interface(const struct cq_socket *socket,
                                      const char *interface);

/* ==== TLS: configurations (cq_tls) ================================================================
 * What a TLS or DTLS stream demands and shows: certificates, authorities, names, versions. One configuration serves any
 * number of sockets.
 */

/**
 * A role: that of the socket, which is the server if a listener accepted it, otherwise the client.
 */
#define CQ_TLS_ANY 0

/**
 * A role: the client, the end that connects.
 */
#define CQ_TLS_CLIENT 1

/**
 * A role: the server, the end that is connected to.
 */
#define CQ_TLS_SERVER 2

/**
 * For `cq_tls_verify`: nothing is demanded of the peer.
 */
#define CQ_TLS_VERIFY_NONE 0

/**
 * For `cq_tls_verify`: a client demands a valid certificate that names the host; a server demands that the client's
 * certificate is valid, if it shows one.
 */
#define CQ_TLS_VERIFY_PEER 1

/**
 * For `cq_tls_verify`: as `CQ_TLS_VERIFY_PEER`, but a server demands that the client shows a certificate.
 */
#define CQ_TLS_VERIFY_REQUIRE 2

/**
 * TLS 1.2, and with datagrams DTLS 1.2.
 */
#define CQ_TLS_1_2 771

/**
 * TLS 1.3. There is no DTLS 1.3.
 */
#define CQ_TLS_1_3 772

/**
 * For `cq_tls_staples`: a client does not ask for an answer about the server's certificate, which is the default.
 */
#define CQ_TLS_STAPLES_NONE 0

/**
 * For `cq_tls_staples`: a client that verifies asks. An answer that comes must be good, and one must come if the
 * certificate says that it always does.
 */
#define CQ_TLS_STAPLES_ASKED 1

/**
 * For `cq_tls_staples`: as `CQ_TLS_STAPLES_ASKED`, and an answer must come.
 */
#define CQ_TLS_STAPLES_DEMANDED 2

/**
 * Makes a TLS configuration for the role `CQ_TLS_CLIENT`, `CQ_TLS_SERVER` or `CQ_TLS_ANY`, for any number of
 * sockets, in any thread; on sockets of type SOCK_DGRAM it means DTLS. It allows TLS 1.2 and later. A client, of
 * whichever role the configuration is, verifies that the server's certificate is valid, by the system's authorities,
 * and names the host; a server demands no certificate. Clients that share a configuration resume each other's
 * sessions. On both sides a session is resumed only under the demands under which it was made, and by a client that
 * shows the same certificate. Free it with `cq_tls_free`; sockets keep what they need.
 *
 * Every call leaves OpenSSL's error queue of the thread as it is: what the program has there stays, unless its text
 * is not UTF-8, and nothing is added.
 *
 * Errors: EINVAL for NULL or another role; `CQ_ETLS`, also without memory.
 *
 * Source: RFC 8446, RFC 9147; cqueues User Guide §3.2.2, starttls.
 */
int cq_tls_new(uint32_t role,
               struct cq_tls **tls);

/**
 * Makes a configuration of a program's own `SSL_CTX *`, of which it takes a reference. Only what that context
 * demands, and `CQ_OPTION_VERIFY` of the socket, is verified. If that option demands more of a server than the
 * context does, the server resumes only sessions that were made under the same demand, whatever the session id
 * context says. The role counts only if the context was made for both (TLS_method).
 *
 * Errors: EINVAL for NULL or another role; EOPNOTSUPP if the library has an OpenSSL of its own inside
 * (`make OPENSSL=vendored`), whose objects no program has.
 *
 * Safety: `context` is of the same libssl that this library is linked with.
 */
int cq_tls_adopt_context(void *context,
                         uint32_t role,
                         struct cq_tls **tls);

/**
 * Makes a configuration of a program's own `SSL *`, for one socket. Otherwise as `cq_tls_adopt_context`. A client
 * that is to verify by `CQ_OPTION_VERIFY` does not resume a session that it was given by SSL_set_session.
 *
 * Errors: EINVAL for NULL or another role; EOPNOTSUPP as for `cq_tls_adopt_context`.
 *
 * Safety: `ssl` is of the same libssl that this library is linked with, and has no connection.
 */
int cq_tls_adopt_ssl(void *ssl,
                     uint32_t role,
                     struct cq_tls **tls);

/**
 * Frees a configuration. NULL is ignored.
 */
void cq_tls_free(struct cq_tls *tls);

/**
 * Loads a certificate, followed by its chain, and its private key from PEM files. The user is not asked for the pass
 * phrase of an encrypted key: a program that knows it sets it before, with `cq_tls_password` or by
 * SSL_CTX_set_default_passwd_cb on `cq_tls_context`. It may be called again for a key of another type (RSA and ECDSA);
 * one of the same type replaces the earlier one. `cq_tls_reason` tells which file failed and why.
 *
 * Errors: EINVAL for NULL or an adopted configuration; what kept a file from being read; `CQ_ETLS` if a file holds
 * no certificate or key, the key is encrypted, or it belongs to another certificate.
 */
int cq_tls_certificate(const struct cq_tls *tls,
                       const char *chain,
                       const char *key);

/**
 * Trusts the authorities in a PEM file or a hashed directory instead of the system's. It may be called again for
 * more of them.
 *
 * Errors: EINVAL for NULL or an adopted configuration; what kept it from being read; `CQ_ETLS` if there is no
 * certificate in the file.
 */
int cq_tls_authorities(const struct cq_tls *tls,
                       const char *path);

/**
 * Sets what is demanded of the peer's certificate: one of `CQ_TLS_VERIFY_...`.
 *
 * Errors: EINVAL for NULL, another number, or an adopted configuration.
 */
int cq_tls_verify(const struct cq_tls *tls, uint32_t how);

/**
 * Sets the name or address that the server's certificate must have, and that the server is told, instead of the
 * socket's host.
 *
 * Errors: EINVAL for NULL, an empty name, or text that is not UTF-8.
 */
int cq_tls_name(const struct cq_tls *tls,
                const char *name);

/**
 * Sets the application protocols (ALPN) that a client offers and a server accepts, the best first:
 * "h2,http/1.1". A server without one in common with what is offered refuses the connection.
 *
 * Errors: EINVAL for NULL, an empty name or one of more than 255 bytes, or an adopted configuration.
 *
 * Source: RFC 7301.
 */
int cq_tls_alpn(const struct cq_tls *tls,
                const char *protocols);

/**
 * Gives the `SSL_CTX *` of stream connections, for what libssl can do beyond these functions. It holds as long as
 * the configuration. NULL for a configuration of one `SSL *`, and NULL for NULL. Its session id context does not
 * count, unless the `SSL_CTX` was adopted: each server's connection has one that says what is demanded. The context
 * knows which authorities are trusted only if `cq_tls_authorities` has set them. NULL also if the library has an
 * OpenSSL of its own inside.
 */
void *cq_tls_context(const struct cq_tls *tls);

/**
 * Loads a certificate, followed by its chain, and its private key from memory, both in PEM. Otherwise as
 * `cq_tls_certificate`.
 *
 * Errors: EINVAL for NULL or an adopted configuration; `CQ_ETLS` if there is no certificate or key, the key is
 * encrypted and the password not known, or it belongs to another certificate.
 *
 * Safety: `chain` and `key` are readable for `chain_size` and `key_size` bytes.
 */
int cq_tls_certificate_pem(const struct cq_tls *tls,
                           const void *chain,
                           size_t chain_size,
                           const void *key,
                           size_t key_size);

/**
 * Trusts authorities whose certificates are in memory, in PEM. Otherwise as `cq_tls_authorities`.
 *
 * Errors: EINVAL for NULL or an adopted configuration; `CQ_ETLS` if there is no certificate.
 *
 * Safety: `data` is readable for `size` bytes.
 */
int cq_tls_authorities_pem(const struct cq_tls *tls,
                           const void *data,
                           size_t size);

/**
 * Sets the password of the encrypted keys that are loaded from now on. NULL forgets it.
 *
 * Errors: EINVAL for NULL as `tls`, an adopted configuration, or text that is not UTF-8.
 */
int cq_tls_password(const struct cq_tls *tls, const char *password);

/**
 * Sets the oldest and the newest version that is spoken, each `CQ_TLS_1_2`, `CQ_TLS_1_3`, or 0: TLS 1.2, and whatever
 * OpenSSL knows. With datagrams 1.3 as the oldest makes `cq_socket_starttls` fail.
 *
 * Errors: EINVAL for NULL, another number, an oldest version that is newer than the newest, or an adopted
 * configuration; `CQ_ETLS`.
 */
int cq_tls_versions(const struct cq_tls *tls,
                    uint32_t least,
                    uint32_t most);

/**
 * Sets the ciphers of TLS 1.2, a client's best first, as ciphers(1) writes them: "ECDHE+AESGCM:ECDHE+CHACHA20". A
 * server takes of them what the client likes best. Names that OpenSSL does not know are left out.
 *
 * Errors: EINVAL for NULL or an adopted configuration; `CQ_ETLS` if nothing is left.
 */
int cq_tls_ciphers(const struct cq_tls *tls,
                   const char *list);

/**
 * Sets the cipher suites of TLS 1.3, a client's best first: "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256".
 *
 * Errors: EINVAL for NULL or an adopted configuration; `CQ_ETLS` for a name that OpenSSL does not know.
 */
int cq_tls_suites(const struct cq_tls *tls,
                  const char *list);

/**
 * Sets the groups for the exchange of keys, a client's best first: "X25519:P-256". With TLS 1.2 that of a certificate's
 * key must be among them.
 *
 * Errors: EINVAL for NULL or an adopted configuration; `CQ_ETLS` for a name that OpenSSL does not know.
 */
int cq_tls_groups(const struct cq_tls *tls,
                  const char *list);

/**
 * Has a server use another configuration, `other`, for clients that ask for a name (SNI): that of a host, or "*." and
 * a domain, which stands for one label. A whole name goes before one with "*."; clients that ask for none of the
 * names, or for no name, get `tls` itself. Everything that `other` says counts: certificate, demands, authorities,
 * revocation lists, ALPN, versions, ciphers. A session that was made under one name is resumed under no other.
 * `other` may be freed; later changes of it count.
 *
 * Errors: EINVAL for NULL, what is no name, an adopted configuration, or if `other` is `tls` or has names itself.
 *
 * Source: RFC 6066 §3, RFC 6125 §6.4.3.
 */
int cq_tls_add_name(const struct cq_tls *tls,
                    const char *name,
                    const struct cq_tls *other);

/**
 * Appends the secrets of each connection to a file in the form of SSLKEYLOGFILE, with which Wireshark and others read
 * what was sent. Only its owner can read a file that did not exist. No variable of the environment does the same.
 * What cannot be written is left out.
 *
 * Errors: EINVAL for NULL or an adopted configuration; what kept the file from being opened.
 */
int cq_tls_keylog(const struct cq_tls *tls,
                  const char *path);

/**
 * Refuses certificates that the revocation lists (CRL) in a PEM file revoke: the peer's, and if `whole` is true those
 * of the authorities in its chain. A certificate without a list of its authority that is still valid is refused, too.
 * It may be called again for more of them. Sessions of a server that were made before are not resumed.
 *
 * Errors: EINVAL for NULL or an adopted configuration; what kept the file from being read; `CQ_ETLS` if there is no
 * list in it.
 *
 * Source: RFC 5280 §5.
 */
int cq_tls_revoked(const struct cq_tls *tls,
                   const char *path,
                   bool whole);

/**
 * Has a server staple the answer of its authority about its certificate (OCSP), which a file holds in DER, to its
 * handshakes. It may be called again when there is a newer answer, also while connections are made.
 *
 * Errors: EINVAL for NULL or an adopted configuration; what kept the file from being read; `CQ_ETLS` if it holds no
 * such answer, or one that says that the authority failed.
 *
 * Source: RFC 6066 §8, RFC 6960.
 */
int cq_tls_staple(const struct cq_tls *tls,
                  const char *path);

/**
 * As `cq_tls_staple`, with the answer in memory. No bytes: from now on nothing is stapled.
 *
 * Errors: EINVAL for NULL or an adopted configuration; `CQ_ETLS` if it is no such answer, or one that says that the
 * authority failed.
 *
 * Safety: `data` is readable for `size` bytes.
 */
int cq_tls_staple_der(const struct cq_tls *tls,
                      const void *data,
                      size_t size);

/**
 * Sets whether a client that verifies asks the server for the answer of its authority (OCSP stapling): one of
 * `CQ_TLS_STAPLES_...`. The answer must be signed by the authority, be of that certificate, and be of now. A server
 * without what is demanded is `CQ_ENOTVERIFIED` for `cq_socket_starttls`.
 *
 * Errors: EINVAL for NULL, another number, or an adopted configuration.
 *
 * Source: RFC 6066 §8, RFC 7633.
 */
int cq_tls_staples(const struct cq_tls *tls,
                   uint32_t how);

/**
 * Writes why the last `cq_tls_...` call that sets something failed, in words, and a NUL: "server.key: key does not
 * match the certificate server.pem"; an empty text if it did not fail, or its code says it all.
 *
 * Errors: EINVAL for NULL.
 *
 * Safety: `text` is writable for `size` bytes.
 */
int cq_tls_reason(const struct cq_tls *tls,
                  char *text,
                  size_t size);

/* ==== TLS on a socket (cq_socket_starttls) ========================================================
 * A socket becomes encrypted with `cq_socket_starttls`, at once or in the middle of a conversation.
 */

/**
 * For `cq_socket_tls_fact`: the version: "TLSv1.3", "DTLSv1.2".
 */
#define CQ_TLS_FACT_VERSION 0

/**
 * For `cq_socket_tls_fact`: the cipher: "TLS_AES_256_GCM_SHA384".
 */
#define CQ_TLS_FACT_CIPHER 1

/**
 * For `cq_socket_tls_fact`: the group of the exchange of keys: "X25519"; none with OpenSSL before 3.0.
 */
#define CQ_TLS_FACT_GROUP 2

/**
 * For `cq_socket_tls_fact`: whom the peer's certificate is of: "CN=example.org,O=Example". No name in it is one of a
 * host.
 */
#define CQ_TLS_FACT_SUBJECT 3

/**
 * For `cq_socket_tls_fact`: who has signed the peer's certificate.
 */
#define CQ_TLS_FACT_ISSUER 4

/**
 * For `cq_socket_tls_fact`: a name that the peer's certificate is valid for: "DNS:example.org", "IP:192.0.2.1",
 * "email:somebody@example.org", "URI:https://example.org"; what does not print is written as in "\00".
 */
#define CQ_TLS_FACT_NAME 5

/**
 * For `cq_socket_tls_fact`: a certificate of the chain that the peer has shown, its own first, in DER.
 */
#define CQ_TLS_FACT_DER 6

/**
 * For `cq_socket_tls_fact`: the same in PEM.
 */
#define CQ_TLS_FACT_PEM 7

/**
 * Sets whether an end of the TLS stream that the peer did not announce is a failure (`CQ_ETRUNCATED`), which is the
 * default, or end of file like any other (0). In either case `cq_socket_truncated` tells of it.
 *
 * Errors: EINVAL for NULL.
 */
int cq_socket_set_strict(const struct cq_socket *socket,
                         bool on);

/**
 * Tells whether an end of the TLS stream that the peer did not announce is a failure. False for NULL.
 */
bool cq_socket_strict(const struct cq_socket *socket);

/**
 * Tells whether the TLS stream has ended without the peer saying so (close_notify): what came may be a part only.
 * False for NULL.
 *
 * Source: RFC 8446 §6.1.
 */
bool cq_socket_truncated(const struct cq_socket *socket);

/**
 * Begins TLS, or goes on with its handshake, without waiting; answers 0 when the handshake is done. NULL for `tls`
 * stands for a client that verifies by the system's authorities. Buffered output leaves in plain text first if the
 * output mode says `a`. Bytes that are buffered as input count as the beginning of the peer's handshake, so that
 * plain text behind a STARTTLS command makes the handshake fail. A datagram socket that everybody can send to gets
 * one peer: the first that speaks.
 *
 * After a failure the socket is of no use but to tell the reason, see `cq_socket_reason`; after EMFILE, ENFILE and
 * ENOMEM the call can be repeated. What is sent before that leaves in plain text; so it does on a socket for messages while pending
 * output keeps the call at EAGAIN.
 *
 * A peer that sends much that is not data (updates of keys, tickets, requests to negotiate again) is served in
 * portions: here, and in reads and writes later, EAGAIN may mean that other tasks are to have their turn first, and
 * `cq_socket_poll_timeout` tells 0 then. A peer that does not take the answers is not read from until it does.
 *
 * Errors: EINVAL for NULL; EBUSY for an adopted `SSL` that another socket, or somebody else, uses; EAGAIN: wait
 * for the socket and repeat; EMFILE, ENFILE if the system's authorities could not be read; ENOMEM;
 * `CQ_ENOTVERIFIED`: the certificate is not what was demanded; `CQ_ETLS`; EPIPE if the peer closes, and for a
 * listener; ETIMEDOUT if nobody answers a datagram; EBADF after close; what kept the socket from being connected.
 *
 * Safety: `tls` is NULL or a configuration.
 */
int cq_socket_try_starttls(const struct cq_socket *socket,
                           const struct cq_tls *tls);

/**
 * Begins TLS and waits, at most the socket's timeout, until its handshake is done.
 *
 * Errors: as for `cq_socket_try_starttls`, ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
 */
int cq_socket_starttls(const struct cq_socket *socket, const struct cq_tls *tls);

/**
 * Makes a datagram socket a listener of DTLS for many peers, `most` at once: `cq_socket_accept` then gives a socket for
 * each peer that has proven its address by a cookie. Before that nothing is kept of a peer. An accepted socket is bound to
 * the listener's address and connected to the peer; it does its handshake in `cq_socket_starttls`, which does not look at
 * its configuration, or in the first read or write. While there are `most` peers, or no descriptor is free, the others
 * wait: a place is free when the socket of a peer is closed.
 *
 * On Linux any bound socket will do; on other systems it must be made with `CQ_OPTION_REUSEPORT`, which this sets on Linux:
 * other processes of the same user can then bind the port, too.
 * One that is bound to no address in particular answers from that which the system chooses for the peer.
 *
 * Errors: EINVAL for NULL or an adopted configuration; EOPNOTSUPP for what is no socket of internet datagrams; EAGAIN: it
 * is not bound yet, wait for it and repeat; what kept it from being bound.
 *
 * Source: RFC 6347 §4.2.1.
 */
int cq_socket_listen_tls(const struct cq_socket *socket,
                         const struct cq_tls *tls,
                         size_t most);

/**
 * Gives the `SSL *` of a socket, NULL without TLS and NULL for NULL. It holds until the socket is closed; reading,
 * writing and the handshake are left to the socket. If the library has an OpenSSL of its own inside, it tells no more than
 * that there is TLS.
 */
void *cq_socket_checktls(const struct cq_socket *socket);

/**
 * Gives what `cq_socket_checktls` gives, with a reference of the caller's own, to be given back with SSL_free. NULL
 * for NULL, and if the library has an OpenSSL of its own inside.
 */
void *cq_socket_sharetls(const struct cq_socket *socket);

/**
 * Tells whether a TLS connection resumed an earlier session. False without TLS and for NULL.
 */
bool cq_socket_resumed(const struct cq_socket *socket);

/**
 * Writes the application protocol (ALPN) that both ends chose, and a NUL; an empty text if there is none.
 *
 * Errors: EINVAL for NULL.
 *
 * Safety: `text` is writable for `size` bytes; 256 always suffice.
 */
int cq_socket_alpn(const struct cq_socket *socket,
                   char *text,
                   size_t size);

/**
 * Tells a fact of a TLS connection, one of `CQ_TLS_FACT_...`, and a NUL after it. Of names and certificates there may be
 * several, `index` counts them from 0; of all else there is one. A resumed connection knows of the server what the first
 * one learnt; of the client a server knows its own certificate only. A certificate is told whether it was verified or
 * not.
 *
 * Errors: EINVAL for NULL or another number; ENOENT if there is no such fact, and without TLS; `CQ_ENOBUFS` if there is
 * no room for all of it: as much as fits is written, and the length told.
 *
 * Safety: `buffer` is writable for `size` bytes, `length` (without the NUL) is NULL or writable.
 */
int cq_socket_tls_fact(const struct cq_socket *socket,
                       uint32_t which,
                       size_t index,
                       char *buffer,
                       size_t size,
                       size_t *length);

/**
 * Tells until when the peer's certificate is valid, in seconds since 1970.
 *
 * Errors: EINVAL for NULL; ENOENT if the peer has shown none, and without TLS.
 *
 * Safety: `seconds` is writable.
 */
int cq_socket_tls_expiry(const struct cq_socket *socket, double *seconds);

/* ==== Names and addresses (cq_dns) ================================================================
 * Addresses of a name as programs want them: hosts file first, search list, sorted by RFC 6724. Sockets do this by
 * themselves.
 */

/**
 * Finds the addresses of a host and waits for them, at most `timeout` seconds. `pool` is NULL for the thread's own.
 * Aliases are followed; the search list and the hosts file count; an address in text stands for itself. `family` is
 * AF_INET, AF_INET6, or AF_UNSPEC for both. The addresses come in the order of `cq_dns_sort`. `count` is how many
 * addresses there is room for, and receives how many were written; more are dropped. Ports are 0.
 *
 * Errors: EINVAL for NULL; `CQ_ENONAME`: there is no such host, or it has no such address; `CQ_EFAIL`: no
 * server could tell; as for `cq_dns_resolver_query`.
 *
 * Safety: `name` is a string; `addresses` is writable for `count` of them.
 */
int cq_dns_addresses(const struct cq_dns_resolvers *pool,
                     const char *name,
                     int family,
                     double timeout,
                     struct cq_address *addresses,
                     size_t *count);

/**
 * Sorts `count` addresses in the order in which to connect to them, RFC 6724, with the table of policies of its §2.1;
 * gai.conf(5) is not read. The source address for each is found out by connecting a datagram socket, for which nothing is
 * sent. Addresses to which there is no way come last. What is behind the first 256 stays where it is. Ports are kept.
 *
 * Errors: EINVAL for NULL; EAFNOSUPPORT if there is an address of another family than IPv4 and IPv6, and nothing is
 * sorted.
 *
 * Safety: `addresses` is writable for `count` of them.
 */
int cq_dns_sort(struct cq_address *addresses,
                size_t count);

/**
 * Empties the cache of answers that this thread's resolvers share.
 */
void cq_dns_clear_cache(void);

/**
 * Sets the configuration, hosts and hints with which this thread's sockets, and the functions here that are given no
 * pool, resolve names. NULL for all three: the system's files. The option "ports" is left out: each question has a
 * port of its own.
 *
 * Errors: ENOMEM.
 *
 * Safety: all are NULL or live.
 */
int cq_dns_configure(const struct cq_dns_config *config,
                     const struct cq_dns_hosts *hosts,
                     const struct cq_dns_hints *hints);

/**
 * Writes the name under which the names of an address stand, "1.2.0.192.in-addr.arpa." (RFC 1035 §3.5, RFC 3596 §2.5),
 * and a NUL. 80 bytes are enough.
 *
 * Errors: EINVAL for NULL; EAFNOSUPPORT for an address of another family than IPv4 and IPv6; `CQ_ENOBUFS`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_reverse_name(const struct cq_address *address,
                        char *buffer,
                        size_t size);

/**
 * Finds the names of an address and waits for them, at most `timeout` seconds. `pool` is NULL for the thread's own. The
 * PTR records in the answer section of `packet` have the names; free it with `cq_dns_packet_free`. The hosts file counts.
 * A name is a claim of whoever holds the address: `cq_dns_addresses` tells whether the name has the address.
 *
 * Errors: EINVAL for NULL; EAFNOSUPPORT for an address of another family than IPv4 and IPv6; `CQ_ENONAME`: it has no
 * name; `CQ_EFAIL`: no server could tell; as for `cq_dns_resolver_query`.
 */
int cq_dns_reverse(const struct cq_dns_resolvers *pool,
                   const struct cq_address *address,
                   double timeout,
                   struct cq_dns_packet **packet);

/**
 * Finds the addresses of a service, "_xmpp-client._tcp.example.com", and waits for them, at most `timeout` seconds: its
 * SRV records, and the addresses of the hosts that they name, with their ports. They come in the order in which to try
 * them: by priority, and by chance according to weight (RFC 2782); those of one host in the order of `cq_dns_sort`. `pool`
 * is NULL for the thread's own. Of a service with more, 16 hosts are looked up. `count` is how many addresses there is
 * room for, and receives how many were written; more are dropped.
 *
 * Errors: EINVAL for NULL; `CQ_ENONAME`: there is no such service, or its hosts have no address; `CQ_EFAIL`: no server
 * could tell; as for `cq_dns_resolver_query`.
 *
 * Safety: `name` is a string; `addresses` is writable for `count` of them.
 */
int cq_dns_services(const struct cq_dns_resolvers *pool,
                    const char *name,
                    double timeout,
                    struct cq_address *addresses,
                    size_t *count);

/* ==== DNS: configuration, hosts, hints (cq_dns_config) ============================================
 * How a resolver asks (resolv.conf and nsswitch.conf), which names it knows without asking (hosts), and which servers it
 * asks first (hints).
 */

/**
 * For `syntax`: that of resolv.conf(5).
 */
#define CQ_DNS_RESOLV_CONF 0

/**
 * For `syntax`: that of nsswitch.conf(5), of which only the line `hosts:` counts.
 */
#define CQ_DNS_NSSWITCH_CONF 1

/**
 * A list of a configuration: the addresses of name servers, "127.0.0.1" or "[127.0.0.1]:5353". A server that is asked
 * over TLS alone (RFC 7858) is "tls://127.0.0.1#dns.example" or "tls://[::1]:8853#dns.example": its certificate must be for
 * the name, or for the address if no name is given. The usual port is 853.
 */
#define CQ_DNS_NAMESERVERS 0

/**
 * A list of a configuration: the domains that are appended to names.
 */
#define CQ_DNS_SEARCH 1

/**
 * A list of a configuration: the sources of answers in the order in which they are tried: "file" (the hosts file),
 * "bind" (name servers), "cache" (kept, without effect).
 */
#define CQ_DNS_LOOKUP 2

/**
 * A list of a configuration: lines of files that were skipped: "/etc/resolv.conf:3: bad address "x"". It cannot be
 * added to.
 */
#define CQ_DNS_WARNINGS 3

/**
 * Makes a configuration with the defaults of cqueues: name server 0.0.0.0, lookup "bind file", ndots 1, timeout 5,
 * attempts 2. Free it with `cq_dns_config_free`.
 *
 * Errors: EINVAL for NULL.
 *
 * Source: cqueues User Guide §3.2.9.
 */
int cq_dns_config_new(struct cq_dns_config **config);

/**
 * Makes a configuration of the system's files, /etc/resolv.conf and /etc/nsswitch.conf. Resolvers follow changes of
 * these files.
 *
 * Errors: EINVAL for NULL.
 */
int cq_dns_config_stub(struct cq_dns_config **config);

/**
 * Makes a configuration for a recursive resolver: that of the system's files, with the option "recurse" on.
 *
 * Errors: EINVAL for NULL.
 */
int cq_dns_config_root(struct cq_dns_config **config);

/**
 * Frees a configuration. NULL is ignored.
 */
void cq_dns_config_free(struct cq_dns_config *config);

/**
 * Reads a file's text into a configuration. `file` names it in warnings. A line that makes no sense is skipped,
 * and listed under `CQ_DNS_WARNINGS` with its number.
 *
 * Errors: EINVAL for NULL or an unknown syntax.
 *
 * Safety: `data` is readable for `size` bytes; `file` is a string.
 */
int cq_dns_config_load(const struct cq_dns_config *config,
                       const void *data,
                       size_t size,
                       int syntax,
                       const char *file);

/**
 * Reads a file into a configuration, as `cq_dns_config_load` does.
 *
 * Errors: EINVAL for NULL or an unknown syntax; what kept the file from being read.
 *
 * Safety: `path` is a string.
 */
int cq_dns_config_loadpath(const struct cq_dns_config *config, const char *path, int syntax);

/**
 * Sets an option by its name: "ndots", "timeout" (seconds until a server is given up), "attempts", "edns0",
 * "rotate", "recurse", "smart", "cache", "cookies", "use-caps-for-id", "no-aaaa", "trust-ad" ("true" or "false"), "tcp"
 * ("enable", "only", "disable"), "dns-over-tls" ("false", "opportunistic", "true"),
 * "interface" ("192.168.1.1" or "[192.168.1.1]:1234"), "ports" ("0": a socket for each query; otherwise that many
 * sockets for all queries of the thread). docs/dns.md says what each option does.
 *
 * Errors: EINVAL for NULL or a value that the option does not take; ENOENT for an unknown option;
 * `CQ_EADDRESS`.
 *
 * Safety: both are strings.
 */
int cq_dns_config_set(const struct cq_dns_config *config,
                      const char *option,
                      const char *setting);

/**
 * Sets what connections to name servers over TLS are made with: the authorities that are trusted, and the certificate that
 * is shown. NULL: the system's authorities, or those that the environment variables SSL_CERT_FILE and SSL_CERT_DIR name, and
 * no certificate. Certificates of servers are verified whatever it says, but for those of servers that the option
 * "dns-over-tls" tries without ("opportunistic"), for which it does not count. The configuration keeps a reference of
 * its own.
 *
 * Errors: EINVAL for a NULL configuration.
 *
 * Safety: `tls` is NULL or a configuration.
 */
int cq_dns_config_set_tls(const struct cq_dns_config *config,
                          const struct cq_tls *tls);

/**
 * Writes what an option is set to, and a NUL: numbers in digits ("tcp": 0 enable, 1 only, 2 disable),
 * switches as "true" or "false". 80 bytes are enough.
 *
 * Errors: EINVAL for NULL; ENOENT for an unknown option; `CQ_ENOBUFS`.
 *
 * Safety: `option` is a string; `buffer` is writable for `size` bytes.
 */
int cq_dns_config_get(const struct cq_dns_config *config,
                      const char *option,
                      char *buffer,
                      size_t size);

/**
 * Writes the entry at `index` (from 0) of a list, `CQ_DNS_NAMESERVERS` and so on, and a NUL. `length` (may be
 * NULL) receives its length, also when it does not fit.
 *
 * Errors: EINVAL for NULL or an unknown list; ENOENT past its end; `CQ_ENOBUFS`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_config_list(const struct cq_dns_config *config,
                       int list,
                       size_t index,
                       char *buffer,
                       size_t size,
                       size_t *length);

/**
 * Empties a list, `CQ_DNS_NAMESERVERS` and so on.
 *
 * Errors: EINVAL for NULL or an unknown list.
 */
int cq_dns_config_clear(const struct cq_dns_config *config, int list);

/**
 * Appends an entry to a list, `CQ_DNS_NAMESERVERS` and so on.
 *
 * Errors: EINVAL for NULL or an unknown list; `CQ_EADDRESS` for what is no address, `CQ_EILLEGAL` for what is no
 * domain, ENOENT for an unknown source; ENOSPC: three name servers are the most.
 *
 * Safety: `entry` is a string.
 */
int cq_dns_config_add(const struct cq_dns_config *config,
                      int list,
                      const char *entry);

/**
 * Writes one of the full names that are asked for when a person has written `name`, and a NUL. They are asked for
 * one after the other, in the order that "ndots" and the search list give; `index` (from 0) says which one. 1,300
 * bytes are enough.
 *
 * Errors: EINVAL for NULL; ENOENT past the last one; `CQ_ENOBUFS`.
 *
 * Safety: `name` is a string; `buffer` is writable for `size` bytes.
 */
int cq_dns_config_candidate(const struct cq_dns_config *config,
                            const char *name,
                            size_t index,
                            char *buffer,
                            size_t size);

/**
 * Writes a configuration in the syntax of resolv.conf, and a NUL. `length` (may be NULL) receives the
 * length of all of it, also when it does not fit.
 *
 * Errors: EINVAL for NULL; `CQ_ENOBUFS`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_config_format(const struct cq_dns_config *config,
                         char *buffer,
                         size_t size,
                         size_t *length);

/**
 * Makes an empty table of hints. Free it with `cq_dns_hints_free`. A resolver keeps what the table holds when the
 * resolver is made.
 *
 * Errors: EINVAL for NULL.
 *
 * Source: cqueues User Guide §3.2.11.
 */
int cq_dns_hints_new(struct cq_dns_hints **hints);

/**
 * Makes a table of the name servers of a configuration (NULL: the system's), for all names.
 *
 * Errors: EINVAL for NULL hints.
 *
 * Safety: `config` is NULL or a configuration.
 */
int cq_dns_hints_stub(const struct cq_dns_config *config, struct cq_dns_hints **hints);

/**
 * Makes a table of the root servers, as IANA listed them on 2024-04-18.
 *
 * Errors: EINVAL for NULL.
 */
int cq_dns_hints_root(struct cq_dns_hints **hints);

/**
 * Frees a table of hints. NULL is ignored.
 */
void cq_dns_hints_free(struct cq_dns_hints *hints);

/**
 * Adds a server of a zone: "127.0.0.1", "[::1]:5353" or "tls://127.0.0.1#dns.example". Servers with lower priorities are asked first.
 *
 * Errors: EINVAL for NULL; `CQ_EADDRESS` for what is no address, `CQ_EILLEGAL` for what is no zone.
 *
 * Safety: both are strings.
 */
int cq_dns_hints_insert(const struct cq_dns_hints *hints,
                        const char *zone,
                        const char *address,
                        int priority);

/**
 * Adds the name servers of a configuration as servers of a zone, the first with priority 1, the next with 2.
 *
 * Errors: EINVAL for NULL; `CQ_EILLEGAL` for what is no zone.
 *
 * Safety: `zone` is a string.
 */
int cq_dns_hints_insert_config(const struct cq_dns_hints *hints,
                               const char *zone,
                               const struct cq_dns_config *config);

/**
 * Writes the address at `index` (from 0) of a zone's servers, in the order of their priorities, and a NUL.
 * `priority` (may be NULL) receives the server's priority. 80 bytes are enough, and 340 for one over TLS.
 *
 * Errors: EINVAL for NULL; `CQ_EILLEGAL` for what is no zone; ENOENT past the last one; `CQ_ENOBUFS`.
 *
 * Safety: `zone` is a string; `buffer` is writable for `size` bytes.
 */
int cq_dns_hints_grep(const struct cq_dns_hints *hints,
                      const char *zone,
                      size_t index,
                      char *buffer,
                      size_t size,
                      int *priority);

/**
 * Writes a table of hints, zones and their servers, and a NUL. `length` (may be NULL) receives the
 * length of all of it, also when it does not fit.
 *
 * Errors: EINVAL for NULL; `CQ_ENOBUFS`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_hints_format(const struct cq_dns_hints *hints,
                        char *buffer,
                        size_t size,
                        size_t *length);

/**
 * Makes an empty table of hosts. Free it with `cq_dns_hosts_free`. A resolver keeps what the table holds when the
 * resolver is made.
 *
 * Errors: EINVAL for NULL.
 *
 * Source: cqueues User Guide §3.2.10.
 */
int cq_dns_hosts_new(struct cq_dns_hosts **hosts);

/**
 * Makes a table of the system's hosts, /etc/hosts.
 *
 * Errors: EINVAL for NULL.
 */
int cq_dns_hosts_stub(struct cq_dns_hosts **hosts);

/**
 * Frees a table of hosts. NULL is ignored.
 */
void cq_dns_hosts_free(struct cq_dns_hosts *hosts);

/**
 * Reads the text of a file in the syntax of hosts(5). `file` names it in warnings. A line that makes no sense is
 * skipped, see `cq_dns_hosts_warning`.
 *
 * Errors: EINVAL for NULL.
 *
 * Safety: `data` is readable for `size` bytes; `file` is a string.
 */
int cq_dns_hosts_load(const struct cq_dns_hosts *hosts,
                      const void *data,
                      size_t size,
                      const char *file);

/**
 * Reads a file, as `cq_dns_hosts_load` does.
 *
 * Errors: EINVAL for NULL; what kept the file from being read.
 *
 * Safety: `path` is a string.
 */
int cq_dns_hosts_loadpath(const struct cq_dns_hosts *hosts, const char *path);

/**
 * Adds a name of an address. `canonical`: whether the name is the answer to a reverse lookup of the address.
 *
 * Errors: EINVAL for NULL; `CQ_EADDRESS` for what is no address, `CQ_EILLEGAL` for what is no name.
 *
 * Safety: both are strings.
 */
int cq_dns_hosts_insert(const struct cq_dns_hosts *hosts,
                        const char *address,
                        const char *name,
                        bool canonical);

/**
 * Writes the warning at `index` (from 0), a line that was skipped, and a NUL: "hosts:3: bad address "x"".
 * `length` (may be NULL) receives its length, also when it does not fit.
 *
 * Errors: EINVAL for NULL; ENOENT past the last one; `CQ_ENOBUFS`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_hosts_warning(const struct cq_dns_hosts *hosts,
                         size_t index,
                         char *buffer,
                         size_t size,
                         size_t *length);

/**
 * Writes a table in the syntax of hosts(5), one line for each name, and a NUL. `length` (may be NULL) receives the
 * length of all of it, also when it does not fit.
 *
 * Errors: EINVAL for NULL; `CQ_ENOBUFS`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_hosts_format(const struct cq_dns_hosts *hosts,
                        char *buffer,
                        size_t size,
                        size_t *length);

/* ==== DNS: resolvers and pools (cq_dns_resolver) ==================================================
 * A resolver answers one question at a time, a pool any number. A stub asks the servers of its configuration; one with
 * `recurse` set begins at its hints.
 */

/**
 * What went over the network.
 */
typedef struct cq_dns_traffic {
    /**
     * Messages.
     */
    uint64_t count;
    /**
     * Their bytes; over TCP with the length in front of each.
     */
    uint64_t bytes;
} cq_dns_traffic;

/**
 * What `stat` tells.
 */
typedef struct cq_dns_stat {
    /**
     * Exchanges that were begun.
     */
    uint64_t queries;
    /**
     * Datagrams to servers.
     */
    struct cq_dns_traffic udp_sent;
    /**
     * Datagrams that came, also those that were no answer.
     */
    struct cq_dns_traffic udp_received;
    /**
     * Over connections, to servers.
     */
    struct cq_dns_traffic tcp_sent;
    /**
     * Over connections, from servers.
     */
    struct cq_dns_traffic tcp_received;
    /**
     * 0. Reserved for later versions.
     */
    uint64_t reserved[8];
} cq_dns_stat;

/**
 * Makes a resolver, which answers one question at a time. NULL for `config` stands for the system's configuration;
 * NULL for `hosts` for the system's hosts (a stub) or none (a recursive resolver); NULL for `hints` for the
 * configuration's name servers (a stub) or the root servers (a recursive resolver). Free it with
 * `cq_dns_resolver_free`.
 *
 * Errors: EINVAL for NULL `resolver`; ENOMEM.
 *
 * Safety: the others are NULL or live.
 *
 * Source: cqueues User Guide §3.2.12.
 */
int cq_dns_resolver_new(const struct cq_dns_config *config,
                        const struct cq_dns_hosts *hosts,
                        const struct cq_dns_hints *hints,
                        struct cq_dns_resolver **resolver);

/**
 * Closes and frees a resolver, which no fiber may be waiting in. NULL is ignored.
 */
void cq_dns_resolver_free(struct cq_dns_resolver *resolver);

/**
 * Closes a resolver: its question is given up, its descriptors are cancelled and closed. The handle stays
 * valid and must still be freed. Closing twice is safe.
 *
 * Errors: EINVAL for NULL.
 */
int cq_dns_resolver_close(const struct cq_dns_resolver *resolver);

/**
 * Tells whether a resolver is closed. True for NULL.
 */
bool cq_dns_resolver_is_closed(const struct cq_dns_resolver *resolver);

/**
 * Asks a question. A question that is not answered yet is given up for it. Types and classes are IANA's numbers:
 * type 1 is A, class 1 is IN.
 *
 * Errors: EINVAL for NULL or numbers beyond 65535; `CQ_EILLEGAL` for what is no name; EBADF after close.
 *
 * Safety: `name` is a string.
 */
int cq_dns_resolver_submit(const struct cq_dns_resolver *resolver,
                           const char *name,
                           unsigned int rtype,
                           unsigned int rclass);

/**
 * Goes on without waiting, and takes the answer, to be freed with `cq_dns_packet_free`. A message is an answer
 * whatever its rcode; one of SERVFAIL without records stands for servers that did not answer, and
 * `cq_dns_resolver_reason` tells more.
 *
 * Errors: EINVAL for NULL; EAGAIN: wait for the resolver (struct member `cq_interest.resolver`) and repeat;
 * `CQ_ENOQUERY` without a question, `CQ_EFETCHED` if the answer was taken; EBADF after close; ENOMEM, and the question
 * is given up; what the system says of the only server: ECONNREFUSED, ENETUNREACH.
 */
int cq_dns_resolver_try_fetch(const struct cq_dns_resolver *resolver,
                              struct cq_dns_packet **packet);

/**
 * Asks a question and waits for the answer, at most `timeout` seconds (NaN or negative: as long as the
 * configuration's attempts last).
 *
 * Errors: as for `cq_dns_resolver_submit` and `cq_dns_resolver_try_fetch`, ETIMEDOUT instead of EAGAIN; ECANCELED if
 * another question was asked in its place, `CQ_ENOQUERY` if it was given up; EDEADLK in a callback.
 *
 * Safety: `name` is a string.
 */
int cq_dns_resolver_query(const struct cq_dns_resolver *resolver,
                          const char *name,
                          unsigned int rtype,
                          unsigned int rclass,
                          double timeout,
                          struct cq_dns_packet **packet);

/**
 * Finds the addresses of a host without asking a name server: an address in text stands for itself, with its zone
 * ("fe80::1%eth0"); the hosts file counts where it comes before the name servers; local names ("localhost") count.
 * `family` is AF_INET, AF_INET6, or AF_UNSPEC for both, IPv6 first. `count` is how many addresses there is room for,
 * and receives how many were written; more are dropped. Ports are 0. The resolver's question is left alone.
 *
 * Errors: EINVAL for NULL; EAGAIN: name servers have to be asked; `CQ_ENONAME`: the host is known, and has no address
 * of that family; `CQ_EILLEGAL` for what is no name.
 *
 * Safety: `name` is a string; `addresses` is writable for `count` of them.
 */
int cq_dns_resolver_known(const struct cq_dns_resolver *resolver,
                          const char *name,
                          int family,
                          struct cq_address *addresses,
                          size_t *count);

/**
 * Gives the question up. A task that waits for the answer in `cq_dns_resolver_query` gets `CQ_ENOQUERY`.
 *
 * Errors: EINVAL for NULL.
 */
int cq_dns_resolver_cancel(const struct cq_dns_resolver *resolver);

/**
 * Tells the descriptor to wait for before the next `cq_dns_resolver_try_fetch`; -1 if there is none, which is also so
 * while another resolver receives for this one (option "ports"). It may change with each fetch. -1 for NULL.
 */
int cq_dns_resolver_pollfd(const struct cq_dns_resolver *resolver);

/**
 * Tells the events to wait for on the descriptor of `cq_dns_resolver_pollfd`: POLLIN or POLLOUT; 0 for none, and 0
 * for NULL.
 */
unsigned int cq_dns_resolver_events(const struct cq_dns_resolver *resolver);

/**
 * Tells the seconds after which to fetch even if nothing came; NaN for never, and NaN for NULL.
 */
double cq_dns_resolver_timeout(const struct cq_dns_resolver *resolver);

/**
 * Tells how many exchanges a resolver has begun, and how much it has sent and received.
 *
 * Errors: EINVAL for NULL.
 */
int cq_dns_resolver_stat(const struct cq_dns_resolver *resolver, struct cq_dns_stat *stat);

/**
 * Writes in words why the last answer is not what was wanted, with the name and the server that it concerns, and a
 * NUL: "www.example.com.: no answer from 192.0.2.1:53"; an empty text if there is nothing to say. `length` (may be
 * NULL) receives its length, also when it does not fit.
 *
 * Errors: EINVAL for NULL; `CQ_ENOBUFS`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_resolver_reason(const struct cq_dns_resolver *resolver,
                           char *buffer,
                           size_t size,
                           size_t *length);

/**
 * Makes a pool of at most 32 resolvers (`cq_dns_resolvers_set_limit`), which are made as by `cq_dns_resolver_new`.
 * Free it with `cq_dns_resolvers_free`.
 *
 * Errors: EINVAL for NULL `pool`.
 *
 * Safety: the others are NULL or live.
 */
int cq_dns_resolvers_new(const struct cq_dns_config *config,
                         const struct cq_dns_hosts *hosts,
                         const struct cq_dns_hints *hints,
                         struct cq_dns_resolvers **pool);

/**
 * Frees a pool, which no fiber may be waiting in. NULL is ignored.
 */
void cq_dns_resolvers_free(struct cq_dns_resolvers *pool);

/**
 * Sets how many resolvers a pool has at most; 0 counts as 1.
 *
 * Errors: EINVAL for NULL.
 */
int cq_dns_resolvers_set_limit(const struct cq_dns_resolvers *pool, size_t limit);

/**
 * Asks a question through a pool and waits for the answer, at most `timeout` seconds, in which waiting for a free
 * resolver counts. `pool` is NULL for the thread's own, see `cq_dns_configure`.
 *
 * Errors: as for `cq_dns_resolver_query`.
 *
 * Safety: `name` is a string.
 */
int cq_dns_resolvers_query(const struct cq_dns_resolvers *pool,
                           const char *name,
                           unsigned int rtype,
                           unsigned int rclass,
                           double timeout,
                           struct cq_dns_packet **packet);

/* ==== DNS: messages and records (cq_dns_packet) ===================================================
 * Messages are read, made and printed in the syntax of zone files.
 */

/**
 * A section of a message: the question. Sections are joined by `|`.
 */
#define CQ_DNS_QUESTION 1

/**
 * A section of a message: the records that answer.
 */
#define CQ_DNS_ANSWER 2

/**
 * A section of a message: the servers that know the answer, or the zone that says that there is none.
 */
#define CQ_DNS_AUTHORITY 4

/**
 * A section of a message: records that help with those of the other sections, such as the addresses of servers.
 */
#define CQ_DNS_ADDITIONAL 8

/**
 * For `cq_dns_list`: the table of types.
 */
#define CQ_DNS_TYPES 0

/**
 * For `cq_dns_list`: the table of classes.
 */
#define CQ_DNS_CLASSES 1

/**
 * For `cq_dns_list`: the table of sections, `CQ_DNS_QUESTION` and so on.
 */
#define CQ_DNS_SECTIONS 2

/**
 * For `cq_dns_list`: the table of opcodes.
 */
#define CQ_DNS_OPCODES 3

/**
 * For `cq_dns_list`: the table of rcodes.
 */
#define CQ_DNS_RCODES 4

/**
 * What `cq_dns_packet_grep` looks for. Set `size` first; a member that is 0 or NULL matches every record.
 */
typedef struct cq_dns_selector {
    /**
     * `sizeof (cq_dns_selector)`.
     */
    size_t size;
    /**
     * Sections (`CQ_DNS_ANSWER` and so on), joined by `|`.
     */
    uint32_t sections;
    /**
     * The type of the record; 255 for all.
     */
    uint16_t rtype;
    /**
     * The class of the record; 255 for all.
     */
    uint16_t rclass;
    /**
     * The owner's name, or NULL.
     */
    const char *name;
} cq_dns_selector;

/**
 * A record inside a message. It holds as long as the bytes that it points into: until the message that it came from
 * is changed or freed.
 */
typedef struct cq_dns_record {
    /**
     * The bytes that `name` and `rdata` are offsets into.
     */
    const uint8_t *message;
    /**
     * How many bytes `message` has.
     */
    size_t message_length;
    /**
     * How many seconds the record may be kept; 0 in the question section.
     */
    uint32_t ttl;
    /**
     * The section, one of `CQ_DNS_QUESTION` and so on.
     */
    uint16_t section;
    /**
     * The type: 1 is A, 28 AAAA; see `cq_dns_type_name`.
     */
    uint16_t rtype;
    /**
     * The class: 1 is IN; see `cq_dns_list`.
     */
    uint16_t rclass;
    /**
     * The offset in `message` at which the owner's name begins.
     */
    uint16_t name;
    /**
     * The offset in `message` at which the data begins.
     */
    uint16_t rdata;
    /**
     * How many bytes the data has.
     */
    uint16_t rdata_length;
} cq_dns_record;

/**
 * Makes a message without records, with room for `size` bytes at most, the 12 of its header included. Free it with
 * `cq_dns_packet_free`.
 *
 * Errors: EINVAL for NULL.
 *
 * Source: RFC 1035 §4, cqueues User Guide §3.2.8.
 */
int cq_dns_packet_new(size_t size,
                      struct cq_dns_packet **packet);

/**
 * Makes a message of bytes in wire form, which are copied.
 *
 * Errors: EINVAL for NULL; `CQ_EILLEGAL` if a record that the header announces is missing (unless the message
 * says that it was cut), or a name leads nowhere, in circles or beyond 255 bytes.
 *
 * Safety: `data` is readable for `size` bytes.
 */
int cq_dns_packet_parse(const void *data,
                        size_t size,
                        struct cq_dns_packet **packet);

/**
 * Frees a message. NULL is ignored.
 */
void cq_dns_packet_free(struct cq_dns_packet *packet);

/**
 * Replaces what a message holds by bytes in wire form.
 *
 * Errors: EINVAL for NULL; `CQ_EILLEGAL` as for `cq_dns_packet_parse`; `CQ_ENOBUFS` if there are more than the
 * message has room for. It is unchanged then.
 *
 * Safety: `data` is readable for `size` bytes.
 */
int cq_dns_packet_load(const struct cq_dns_packet *packet,
                       const void *data,
                       size_t size);

/**
 * Tells the wire form of a message, which holds until the message is changed or freed.
 *
 * Errors: EINVAL for NULL.
 */
int cq_dns_packet_dump(const struct cq_dns_packet *packet, const void **data, size_t *size);

/**
 * Tells the id of a message, a number that the answer to it repeats. 0 for NULL.
 */
unsigned int cq_dns_packet_qid(const struct cq_dns_packet *packet);

/**
 * Sets the id of a message, a number that the answer to it repeats; the lower 16 bits of `qid` count.
 *
 * Errors: EINVAL for NULL.
 */
int cq_dns_packet_set_qid(const struct cq_dns_packet *packet,
                          unsigned int qid);

/**
 * Tells the flags of the header, 16 bits: QR 0x8000, opcode 0x7800, AA 0x0400, TC 0x0200, RD 0x0100, RA 0x0080,
 * Z 0x0070, rcode 0x000f. 0 for NULL.
 */
unsigned int cq_dns_packet_flags(const struct cq_dns_packet *packet);

/**
 * Sets the flags of the header; the lower 16 bits count.
 *
 * Errors: EINVAL for NULL.
 */
int cq_dns_packet_set_flags(const struct cq_dns_packet *packet, unsigned int flags);

/**
 * Tells the outcome: the rcode of the header, with the bits that an OPT record adds to it. 0 for NULL.
 */
unsigned int cq_dns_packet_rcode(const struct cq_dns_packet *packet);

/**
 * Counts the records of the sections, which are joined by `|`, as the header announces them. 0 for NULL.
 */
size_t cq_dns_packet_count(const struct cq_dns_packet *packet,
                           unsigned int sections);

/**
 * Appends a record. Sections are filled in the order question, answer, authority, additional. `rdata` is the data in
 * wire form, with names uncompressed; names in data of the types of RFC 1035 are compressed, as the owner's name is.
 * A question has neither `ttl` nor data.
 *
 * Errors: EINVAL for NULL; `CQ_ESECTION` if `section` is no single one; `CQ_EORDER` if a later one has
 * records; `CQ_EILLEGAL` for a bad name, or data that is not of the type; `CQ_ENOBUFS` if it does not
 * fit. The message is unchanged then.
 *
 * Safety: `name` is a string; `rdata` is readable for `size` bytes.
 */
int cq_dns_packet_push(const struct cq_dns_packet *packet,
                       unsigned int section,
                       const char *name,
                       unsigned int rtype,
                       unsigned int rclass,
                       uint32_t ttl,
                       const void *rdata,
                       size_t size);

/**
 * Finds the next record that matches a selector (NULL: all). Set `cursor` to 0 before the first call and leave it as
 * it is between calls.
 *
 * Errors: EINVAL for NULL or a selector of another size; `CQ_EILLEGAL` if the selector's name is none; ENOENT
 * after the last one.
 *
 * Safety: the selector's name is NULL or a string. The record holds until the message is changed or freed.
 */
int cq_dns_packet_grep(const struct cq_dns_packet *packet,
                       const struct cq_dns_selector *selector,
                       uint64_t *cursor,
                       struct cq_dns_record *record);

/**
 * Writes a message as text, much as dig(1) prints it, and a NUL. `length` (may be NULL) receives the
 * length of all of it, also when it does not fit.
 *
 * Errors: EINVAL for NULL; `CQ_ENOBUFS` if `size` is too small.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_packet_format(const struct cq_dns_packet *packet,
                         char *buffer,
                         size_t size,
                         size_t *length);

/**
 * Writes the owner's name of a record, with its final dot, and a NUL. 1,025 bytes are enough for any name.
 *
 * Errors: EINVAL for NULL; `CQ_EILLEGAL` for a name that leads nowhere; `CQ_ENOBUFS`, as for
 * `cq_dns_packet_format`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_record_name(const struct cq_dns_record *record,
                       char *buffer,
                       size_t size,
                       size_t *length);

/**
 * Writes the data of a record as text, in the form of zone files, and a NUL: "10 mx.example.com.".
 *
 * Errors: EINVAL for NULL; `CQ_ENOBUFS`, as for `cq_dns_packet_format`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_record_format(const struct cq_dns_record *record,
                         char *buffer,
                         size_t size,
                         size_t *length);

/**
 * Tells a member of a record's data that is a number. `member` is its name in the type's RFC: "preference" of an MX.
 * `cq_dns_type_member` lists the names.
 *
 * Errors: EINVAL for NULL or a member that is no number; ENOENT if the type has no such member;
 * `CQ_EILLEGAL` if the data is not of the type.
 */
int cq_dns_record_number(const struct cq_dns_record *record,
                         const char *member,
                         uint32_t *number);

/**
 * Writes a member of a record's data that is a name, an address or bytes, and a NUL: "host" of an MX, "addr" of an
 * A, "data" of a TXT. Bytes are written as they are, and may hold NULs.
 *
 * Errors: EINVAL for NULL or a member that is a number; ENOENT if the type has no such member;
 * `CQ_EILLEGAL` if the data is not of the type; `CQ_ENOBUFS`, as for `cq_dns_packet_format`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_record_text(const struct cq_dns_record *record,
                       const char *member,
                       char *buffer,
                       size_t size,
                       size_t *length);

/**
 * Tells the address of an A or AAAA record in network byte order: 4 or 16 bytes, which hold as long as
 * the record does.
 *
 * Errors: EINVAL for NULL; ENOENT for another type; `CQ_EILLEGAL` if the data is not of the type.
 */
int cq_dns_record_address(const struct cq_dns_record *record,
                          const void **address,
                          size_t *size);

/**
 * Copies a record with its name and data, names uncompressed, into a buffer that the copy then points into, so
 * that it outlives the packet. `length` (may be NULL) receives how many bytes that takes, also when they do
 * not fit.
 *
 * Errors: EINVAL for NULL; `CQ_EILLEGAL` for a name that leads nowhere or data that is not of the type;
 * `CQ_ENOBUFS` if `size` is too small.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_record_copy(const struct cq_dns_record *record,
                       void *buffer,
                       size_t size,
                       size_t *length,
                       struct cq_dns_record *copy);

/**
 * Finds the number of a type by its name, in upper or lower case: "AAAA", "TYPE65280", "ANY".
 *
 * Errors: EINVAL for NULL; ENOENT for an unknown name.
 */
int cq_dns_type_number(const char *name, unsigned int *number);

/**
 * Finds the number of a class by its name, in upper or lower case: "IN", "CLASS32", "ANY". As for
 * `cq_dns_type_number`.
 */
int cq_dns_class_number(const char *name,
                        unsigned int *number);

/**
 * Writes the name of a type and a NUL: "AAAA", "TYPE65280". 16 bytes are enough.
 *
 * Errors: EINVAL for NULL or a number beyond 65535; `CQ_ENOBUFS`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_type_name(unsigned int rtype, char *buffer, size_t size);

/**
 * Writes the name of an rcode and a NUL: "NXDOMAIN", or the number if it has none. 16 bytes are enough.
 *
 * Errors: EINVAL for NULL; `CQ_ENOBUFS`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_rcode_name(unsigned int rcode,
                      char *buffer,
                      size_t size);

/**
 * Lists the names and numbers of a table, `CQ_DNS_TYPES` and so on: writes the name at `index` (from 0) and a NUL,
 * and tells its number. 16 bytes are enough.
 *
 * Errors: EINVAL for NULL or an unknown table; ENOENT past its end; `CQ_ENOBUFS`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_list(unsigned int table,
                size_t index,
                char *buffer,
                size_t size,
                unsigned int *number);

/**
 * Writes the name of the member at `index` (from 0) of a type's data and a NUL: "preference", "host" for MX. 32
 * bytes are enough. `is_number` (may be NULL) receives whether `cq_dns_record_number` tells the member.
 *
 * Errors: EINVAL for NULL or a number beyond 65535; ENOENT past the last member, or for a type without
 * names; `CQ_ENOBUFS`.
 *
 * Safety: `buffer` is writable for `size` bytes.
 */
int cq_dns_type_member(unsigned int rtype,
                       size_t index,
                       char *buffer,
                       size_t size,
                       bool *is_number);

/* ==== Timers (cq_timer) ===========================================================================
 * A timer expires once, or again and again at times that it keeps. It is started, set anew and stopped at any time, also
 * while somebody waits for it.
 */

/**
 * Makes a timer, which is stopped. It takes no descriptor. Free it with `cq_timer_free`.
 *
 * A callback waits for a timer with the `timeout` of a member, which is `cq_timer_timeout`, and asks `cq_timer_try_wait` when
 * it is woken.
 *
 * Errors: EINVAL for NULL; ENOMEM.
 */
int cq_timer_new(struct cq_timer **timer);

/**
 * Frees a timer: who waits for it gets EBADF. NULL is ignored.
 */
void cq_timer_free(struct cq_timer *timer);

/**
 * Has a timer expire in `seconds`, and if `interval` is more than 0 every `interval` seconds after that. A timer that runs
 * is set anew, also for those who wait for it. A `seconds` that is NaN or negative stops it.
 *
 * The expirations of a repeating timer keep their times, however late anybody asks.
 *
 * Errors: EINVAL for NULL, and for an interval that is NaN; EPERM if tasks of another thread wait.
 */
int cq_timer_start(const struct cq_timer *timer,
                   double seconds,
                   double interval);

/**
 * As `cq_timer_start`, at a time of the clock of `cq_monotime`, which may have passed.
 *
 * Errors: as for `cq_timer_start`.
 */
int cq_timer_start_at(const struct cq_timer *timer, double time, double interval);

/**
 * Stops a timer. Expirations that nobody has asked for are forgotten; who waits for it waits until it is started again.
 *
 * Errors: EINVAL for NULL; EPERM if tasks of another thread wait.
 */
int cq_timer_stop(const struct cq_timer *timer);

/**
 * Returns the seconds until a timer expires, 0 if it has expired, NaN while it is stopped, and NaN for NULL.
 */
double cq_timer_timeout(const struct cq_timer *timer);

/**
 * Tells how often a timer has expired since this was last asked, without waiting. `count` may be NULL.
 *
 * Errors: EINVAL for NULL; EAGAIN if it has not expired.
 */
int cq_timer_try_wait(const struct cq_timer *timer,
                      uint64_t *count);

/**
 * Waits until a timer expires, at most `timeout` seconds (NaN or negative: without limit), and tells how often it has
 * expired since this was last asked. One that is stopped is waited for until it is started again and expires. In a fiber
 * only the fiber waits; outside a controller the thread does, in which nobody else can start it. `count` may be NULL.
 *
 * Errors: EINVAL for NULL; ETIMEDOUT; EBADF if the timer is freed meanwhile; EDEADLK in a callback that would wait; EPERM if
 * tasks of another thread wait.
 */
int cq_timer_wait(const struct cq_timer *timer,
                  double timeout,
                  uint64_t *count);

/* ==== Waking a task from other threads (cq_wakeup) ================================================
 * A wakeup is raised by any thread, or a signal handler, and waited for by one task. To pass something along, use
 * `cq_queue_post`; to have a function called, `cq_controller_post`.
 */

/**
 * Makes a wakeup: any thread raises it, and one task waits for it. Raising it more often before that is seen wakes once.
 * Free it with `cq_wakeup_free`, when nobody raises it any more.
 *
 * Errors: EINVAL for NULL; EMFILE, ENFILE, ENOMEM.
 */
int cq_wakeup_new(struct cq_wakeup **wakeup);

/**
 * Frees a wakeup: who waits for it is woken, and gets EBADF. NULL is ignored.
 */
void cq_wakeup_free(struct cq_wakeup *wakeup);

/**
 * Raises a wakeup. Any thread may call it at any time until the wakeup is freed, and a signal handler, which must save
 * errno.
 *
 * Errors: EINVAL for NULL.
 */
int cq_wakeup_raise(const struct cq_wakeup *wakeup);

/**
 * Tells whether a wakeup was raised since this was last asked, without waiting.
 *
 * Errors: EINVAL for NULL; EAGAIN if it was not.
 */
int cq_wakeup_try_wait(const struct cq_wakeup *wakeup);

/**
 * Waits until a wakeup is raised, at most `timeout` seconds (NaN or negative: without limit). In a fiber only the fiber
 * waits; outside a controller the thread does.
 *
 * Errors: EINVAL for NULL; ETIMEDOUT; EBADF if the wakeup is freed meanwhile; EDEADLK in a callback.
 *
 * Safety: while a thread waits outside a controller, the wakeup is not freed.
 */
int cq_wakeup_wait(const struct cq_wakeup *wakeup,
                   double timeout);

/**
 * Returns the descriptor that is readable (POLLIN) from when a wakeup is raised until `cq_wakeup_try_wait` or
 * `cq_wakeup_wait` has seen it, -1 for NULL. It belongs to the handle: poll it, nothing else.
 */
int cq_wakeup_pollfd(const struct cq_wakeup *wakeup);

/* ==== Calls that block (cq_pool) ==================================================================
 * A pool has as many threads as the program asked for. A fiber that has something to do that would block its loop, reading a
 * file or asking a database, has it done there and waits.
 */

/**
 * What `cq_pool_run` has called.
 */
typedef int (*cq_blocking)(void *argument);

/**
 * Makes a pool of `threads` threads for calls that block: files, databases, names of users. They are started now, with all
 * signals blocked, and never more of them. `name` (NULL: "cqueues") is what debuggers and ps(1) show, 15 bytes of it on
 * Linux. Any thread may use a pool, several at once. Free it with `cq_pool_free`.
 *
 * Errors: EINVAL for NULL, for a name that is not UTF-8, and for no threads or more than 1,024; EAGAIN if the system has no
 * room for them; ENOMEM.
 *
 * Safety: `name` is NULL or terminated.
 */
int cq_pool_new(const char *name,
                size_t threads,
                struct cq_pool **pool);

/**
 * Frees a pool. Calls that wait for a thread are over, with ECANCELED as their result; those that run are waited for: it
 * blocks the thread. No fiber may be waiting for a call when it is freed from inside a step of its controller. NULL is
 * ignored.
 */
void cq_pool_free(struct cq_pool *pool);

/**
 * Has a thread of a pool call `function(argument)`, and waits until it is over. `result` (may be NULL) receives what it
 * returned. In a fiber only the fiber waits; outside a controller the thread does. Calls begin in the order in which they
 * came, when a thread is free.
 *
 * A thread cannot be stopped: when the fiber's waiting is ended (a scope that ends, `cq_task_cancel`), a call that has not
 * begun is taken back and the code is returned; one that runs is waited for all the same, and succeeds. So `argument` may lie
 * on the fiber's stack, unless the fiber's controller may be closed or freed meanwhile.
 *
 * The function must return: not by pthread_exit(3), longjmp(3) or an exception. It runs in another thread, so it touches no
 * object of the library that this thread uses.
 *
 * Errors: EINVAL for NULL; EDEADLK in a callback; ECHILD in a child of fork(2), which has none of the pool's threads; EMFILE,
 * ENFILE, ENOMEM. The function is not called then.
 */
int cq_pool_run(const struct cq_pool *pool,
                cq_blocking function,
                void *argument,
                int *result);

/**
 * Counts the calls that wait for a thread of a pool. 0 for NULL. Any thread may call it.
 */
size_t cq_pool_waiting(const struct cq_pool *pool);

/* ==== Files (cq_file) =============================================================================
 * Reading and writing files blocks on every system, so a pool's thread does it.
 */

/**
 * Has a thread of a pool open a file, open(2), and waits for it. `flags` are O_RDONLY and its like, to which O_CLOEXEC
 * is added; `permissions` count with O_CREAT. `fd` receives the descriptor, which is the caller's: close(2). In a fiber
 * only the fiber waits; when its waiting is ended, a call that has not begun is taken back, and one that runs is waited
 * for and succeeds.
 *
 * Errors: EINVAL for NULL; EDEADLK in a callback; ECHILD as for `cq_pool_run`; ECANCELED; ENOMEM; what the system says.
 */
int cq_file_open(const struct cq_pool *pool,
                 const char *path,
                 int flags,
                 uint32_t permissions,
                 int *fd);

/**
 * Has a thread of a pool read from a file, and waits for it: `size` bytes, fewer at the end of the file, from `offset` on,
 * or where the file stands if that is negative (pread(2), read(2)). `received` receives how many; 0 is the end. One call
 * reads at most 1 GiB. Otherwise as `cq_file_open`.
 *
 * Errors: as there; EBADF. An error behind some bytes is left to the next call.
 *
 * Safety: `data` is writable for `size` bytes until the call is over: on the fiber's stack only if its controller is not
 * closed or freed meanwhile.
 */
int cq_file_read(const struct cq_pool *pool,
                 int fd,
                 void *data,
                 size_t size,
                 int64_t offset,
                 size_t *received);

/**
 * Has a thread of a pool write to a file, and waits for it: `size` bytes to `offset`, or where the file stands if that is
 * negative (pwrite(2), write(2)). `sent` (may not be NULL) receives how many were written: fewer than `size` if an error
 * came behind some. Otherwise as `cq_file_read`.
 *
 * Errors: as there; ENOSPC, EDQUOT, EFBIG.
 *
 * Safety: `data` is readable for `size` bytes until the call is over: on the fiber's stack only if its controller is not
 * closed or freed meanwhile.
 */
int cq_file_write(const struct cq_pool *pool,
                  int fd,
                  const void *data,
                  size_t size,
                  int64_t offset,
                  size_t *sent);

/**
 * Has a thread of a pool write what a file holds to its device, fsync(2), and waits for it. Otherwise as `cq_file_open`.
 *
 * Errors: as there; EBADF, EIO.
 */
int cq_file_sync(const struct cq_pool *pool,
                 int fd);

/* ==== Signals (cq_signal) =========================================================================
 * A listener tells which of its signals came. Block them first (`cq_signal_block`), in the first thread, before others
 * are started. No handler of anybody's is touched.
 */

/**
 * In `cq_signal_features`: signalfd(2). A signal that is ignored or delivered is not told, so block it. Of several
 * listeners for a signal, one is told of it.
 */
#define CQ_SIGNAL_SIGNALFD 1

/**
 * In `cq_signal_features`: kqueue(2) with EVFILT_SIGNAL. Every listener is told of a signal, whatever the process
 * does with it.
 */
#define CQ_SIGNAL_EVFILT 2

/**
 * In `cq_signal_features`: sigtimedwait(2). If it is the only bit, a wait looks for signals at intervals
 * (`cq_signal_set_timeout`); otherwise as signalfd.
 */
#define CQ_SIGNAL_SIGTIMEDWAIT 4

/**
 * In `cq_signal_features`: kqueue(2).
 */
#define CQ_SIGNAL_KQUEUE 8

/**
 * In `cq_signal_features`: kqueue1(2).
 */
#define CQ_SIGNAL_KQUEUE1 16

/**
 * Makes a listener for signals. It does not change what the process does with them: block them first
 * (`cq_signal_block`), in every thread, or only macOS and the BSDs tell of them. A signal should have one listener;
 * a listener may have many signals. Free it with `cq_signal_free`.
 *
 * Errors: EINVAL for NULL, for a number that is no signal, and for SIGKILL and SIGSTOP, which
 * nobody can listen for; EMFILE, ENFILE, ENOMEM.
 *
 * Safety: `signals` is readable for `count` numbers.
 *
 * Source: cqueues User Guide §3.2.4.
 */
int cq_signal_listen(const int *signals,
                     size_t count,
                     struct cq_signal **listener);

/**
 * Frees a listener, which no fiber may be waiting in. Signals that came stay pending. NULL is ignored.
 */
void cq_signal_free(struct cq_signal *listener);

/**
 * Tells which signal came, without waiting for one. If several came, the one with the lowest number is told first on
 * Linux. A signal that was sent more than once is told once.
 *
 * Errors: EINVAL for NULL; EAGAIN if none came.
 */
int cq_signal_try_wait(const struct cq_signal *listener,
                       int *signal);

/**
 * Waits for a signal, at most `timeout` seconds (NaN or negative: without limit). In a fiber only
 * the fiber waits; outside a controller the thread does.
 *
 * Errors: EINVAL for NULL; ETIMEDOUT, with 0 at once if no signal is there; EDEADLK in a callback.
 *
 * Source: cqueues User Guide §3.2.4.
 */
int cq_signal_wait(const struct cq_signal *listener,
                   double timeout,
                   int *signal);

/**
 * Sets after how many seconds a wait looks for signals again, where the system cannot tell of them by itself
 * (Solaris). NaN or negative: the default, which is one second on such systems.
 *
 * Errors: EINVAL for NULL.
 *
 * Source: cqueues User Guide §3.2.4.
 */
int cq_signal_set_timeout(const struct cq_signal *listener,
                          double timeout);

/**
 * Returns the descriptor that is readable when a signal has come, or -1 where the system has none, and -1 for NULL.
 * Where there is none, fetch again after `cq_signal_timeout` seconds. It belongs to the listener: poll it, nothing
 * else.
 */
int cq_signal_pollfd(const struct cq_signal *listener);

/**
 * Returns the events to poll for: POLLIN, or 0 for NULL.
 */
uint32_t cq_signal_events(const struct cq_signal *listener);

/**
 * Returns the seconds after which to look for signals again (`cq_signal_set_timeout`), or NaN. NaN for NULL.
 */
double cq_signal_timeout(const struct cq_signal *listener);

/**
 * Returns how this system tells of signals: `CQ_SIGNAL_...` bits.
 */
uint32_t cq_signal_features(void);

/**
 * Blocks signals in the calling thread, and in those that it starts from now on. SIGKILL and
 * SIGSTOP cannot be blocked, and are passed over.
 *
 * Errors: EINVAL for NULL or a number that is no signal; none is blocked then.
 *
 * Safety: `signals` is readable for `count` numbers, here and below.
 *
 * Source: cqueues User Guide §3.2.4, sigprocmask(2).
 */
int cq_signal_block(const int *signals, size_t count);

/**
 * Unblocks signals in the calling thread. A signal that is pending is delivered.
 *
 * Errors: EINVAL for NULL or a number that is no signal; none is unblocked then.
 */
int cq_signal_unblock(const int *signals, size_t count);

/**
 * Has the process ignore signals: SIG_IGN.
 *
 * Errors: EINVAL for NULL, a number that is no signal, SIGKILL and SIGSTOP; the signals before it in the list are
 * changed all the same.
 *
 * Source: cqueues User Guide §3.2.4, sigaction(2).
 */
int cq_signal_ignore(const int *signals,
                     size_t count);

/**
 * Restores what the system does with signals: SIG_DFL. Errors: as for `cq_signal_ignore`.
 */
int cq_signal_default(const int *signals, size_t count);

/**
 * Installs a handler that does nothing, without SA_RESTART: signals interrupt system calls and
 * have no other effect. The library installs no handler but by this call. Errors: as for
 * `cq_signal_ignore`.
 */
int cq_signal_discard(const int *signals, size_t count);

/**
 * Sends signals to the calling thread, one after the other: raise(3).
 *
 * Errors: EINVAL for NULL or a number that is no signal; the signals before it in the list are sent.
 */
int cq_signal_raise(const int *signals,
                    size_t count);

/**
 * Returns the text of a signal, strsignal(3). Never NULL. The text of a signal that exists holds for ever, in the
 * language in which it was first asked for. Any other text holds until 16 others of the kind, from this function or
 * `cq_strerror`, were asked for in the same thread.
 */
const char *cq_strsignal(int signal);

/**
 * Returns the name of a signal ("SIGINT"), or NULL if it has none. The text is static.
 */
const char *cq_signal_name(int signal);

/**
 * Finds the number of a signal by its name.
 *
 * Errors: EINVAL for NULL; ENOENT if this system has no signal of that name.
 *
 * Safety: `name` is a string, `signal` is writable.
 */
int cq_signal_number(const char *name, int *signal);

/**
 * Lists the signals: the name and number at `index`, which counts from 0.
 *
 * Errors: EINVAL for NULL; ENOENT past the end.
 *
 * Safety: `name` and `signal` are writable. The name is static.
 */
int cq_signal_list(size_t index, const char **name, int *signal);

/* ==== Threads (cq_thread) =========================================================================
 * A thread with a socket to it. What it runs has a controller of its own if it makes one.
 */

/**
 * The function that a thread runs. `socket` is the thread's end of the socket pair, which the function frees. Its
 * result, 0 or an error number as a rule, is what `cq_thread_join` tells.
 */
typedef int (*cq_thread_function)(struct cq_socket *socket, void *argument);

/**
 * Starts a POSIX thread that runs `function(socket, argument)`, with a pair of UNIX stream sockets
 * between it and the caller, whose end is written to `socket`. All signals are blocked in it.
 * Objects of the library belong to one thread at a time; the thread makes its own controller.
 *
 * The thread may end by returning from the function or by pthread_exit(3). It goes on when its handle is freed or
 * the thread that started it ends, until the process ends.
 *
 * Errors: EINVAL for NULL; EAGAIN if the system has no room for a thread; EMFILE, ENFILE, ENOMEM.
 *
 * Safety: `argument` is what `function` expects, and may be used in another thread.
 *
 * Source: cqueues User Guide §3.2.5, pthread_create(3).
 */
int cq_thread_start(cq_thread_function function,
                    void *argument,
                    struct cq_socket **socket,
                    struct cq_thread **thread);

/**
 * Gives a handle back. The thread goes on if it has not ended. NULL is ignored.
 */
void cq_thread_free(struct cq_thread *thread);

/**
 * Makes a handle of the calling thread. Free it with `cq_thread_free`.
 *
 * Errors: EINVAL for NULL; ESRCH in a thread that `cq_thread_start` did not start; ENOMEM.
 */
int cq_thread_self(struct cq_thread **thread);

/**
 * Tells whether two handles are of one thread. False for NULL, also twice.
 */
bool cq_thread_equal(const struct cq_thread *a, const struct cq_thread *b);

/**
 * Sets the text that `cq_thread_reason` tells of the calling thread after its end, a description of an error for
 * instance. The last text that was set counts.
 *
 * Errors: EINVAL for NULL with a size, for a NUL inside, and in a thread that `cq_thread_start` did not start.
 *
 * Safety: `text` is readable for `size` bytes.
 */
int cq_thread_explain(const char *text,
                      size_t size);

/**
 * Waits until a thread has ended, at most `timeout` seconds (NaN or negative: without limit), and tells what its
 * function returned, or EOWNERDEAD if it never did. After pthread_exit(3) that is known at once; after the raw
 * system call exit(2), on Linux, within a second or at the timeout. In a fiber only the fiber waits; outside a
 * controller the thread does. A thread may be joined again, with the same result.
 *
 * `result` may be NULL. Errors: EINVAL for NULL; ETIMEDOUT, with 0 at once if the thread still
 * runs; EDEADLK in the thread itself, and in a callback.
 *
 * Source: cqueues User Guide §3.2.5, pthread_join(3).
 */
int cq_thread_join(const struct cq_thread *thread,
                   double timeout,
                   int *result);

/**
 * Returns the text that a thread has set with `cq_thread_explain`, once the thread has ended, and its size in bytes.
 * The text holds until the handle is freed; a NUL follows it, which the size does not count. NULL while the thread
 * runs and if it set no text. NULL for NULL.
 *
 * Safety: `size` is NULL or writable.
 */
const char *cq_thread_reason(const struct cq_thread *thread,
                             size_t *size);

/**
 * Returns the descriptor that is readable (POLLIN) from the thread's end on, or -1 for NULL. It belongs to the
 * handle: poll it, nothing else.
 */
int cq_thread_pollfd(const struct cq_thread *thread);

/* ==== Child processes (cq_process) ================================================================
 * A process is started with arguments, environment, directory and streams of its own, and waited for without a handler of
 * SIGCHLD.
 */

/**
 * For `cq_process_options_stream`: the caller's stream. That is the default.
 */
#define CQ_PROCESS_INHERIT 0

/**
 * For `cq_process_options_stream`: /dev/null.
 */
#define CQ_PROCESS_NULL 1

/**
 * For `cq_process_options_stream`: a copy of a descriptor of the caller's.
 */
#define CQ_PROCESS_DESCRIPTOR 2

/**
 * For `cq_process_options_stream`: one end of a pair of UNIX stream sockets, whose other end the caller gets by
 * `cq_process_stdin`, `cq_process_stdout` or `cq_process_stderr`. On Linux a program cannot open a socket by the name
 * /dev/stdout; give it a pipe's descriptor if it must.
 */
#define CQ_PROCESS_SOCKET 3

/**
 * For `cq_process_options_stream`, for standard error only: what standard output is.
 */
#define CQ_PROCESS_STDOUT 4

/**
 * For `cq_process_options_set`: whether the child has the environment of the calling process, beside what
 * `cq_process_options_variable` changes; on by default.
 */
#define CQ_PROCESS_ENVIRONMENT 1

/**
 * For `cq_process_options_set`: whether a program without a slash in its name is looked for in the directories of PATH,
 * as the calling process has it; on by default. Otherwise the name is a path.
 */
#define CQ_PROCESS_SEARCH 2

/**
 * For `cq_process_options_set`: whether the child leads a process group of its own, which signals of the terminal do not
 * reach; off by default.
 */
#define CQ_PROCESS_GROUP 3

/**
 * For `cq_process_options_set`: whether the child leads a session of its own, without a terminal; off by default.
 */
#define CQ_PROCESS_SESSION 4

/**
 * Makes options for a child process: without a program, with the caller's streams, environment and working directory.
 * Free them with `cq_process_options_free`; processes keep no reference to them.
 *
 * Errors: EINVAL for NULL; ENOMEM.
 */
int cq_process_options_new(struct cq_process_options **options);

/**
 * Frees options. NULL is ignored.
 */
void cq_process_options_free(struct cq_process_options *options);

/**
 * Adds an argument. The first is the program: a path, or a name that is looked for (`CQ_PROCESS_SEARCH`).
 *
 * Errors: EINVAL for NULL; ENOMEM.
 */
int cq_process_options_argument(struct cq_process_options *options,
                                const char *argument);

/**
 * Sets a variable of the child's environment; with NULL as its value the child does not have it. The last value that was
 * given counts.
 *
 * Errors: EINVAL for NULL as options or name, and for a name that is empty or has a "="; ENOMEM.
 */
int cq_process_options_variable(struct cq_process_options *options,
                                const char *name,
                                const char *value);

/**
 * Sets the working directory of the child. A program that is given by a relative path is looked for from there.
 *
 * Errors: EINVAL for NULL; ENOMEM.
 */
int cq_process_options_directory(struct cq_process_options *options,
                                 const char *path);

/**
 * Sets what a standard stream of the child is: `stream` is 0, 1 or 2, `kind` is one of `CQ_PROCESS_INHERIT`, `_NULL`,
 * `_DESCRIPTOR`, `_SOCKET`, `_STDOUT`. With `CQ_PROCESS_DESCRIPTOR`, `fd` is a descriptor that stays the caller's and is
 * open when the process is started; otherwise it is not used.
 *
 * Errors: EINVAL for NULL, for another stream or kind, and for a negative descriptor.
 */
int cq_process_options_stream(struct cq_process_options *options,
                              int stream,
                              uint32_t kind,
                              int fd);

/**
 * Turns one of `CQ_PROCESS_ENVIRONMENT`, `_SEARCH`, `_GROUP`, `_SESSION` on (1) or off (0).
 *
 * Errors: EINVAL for NULL, for an unknown option, and for another value.
 */
int cq_process_options_set(struct cq_process_options *options, uint32_t option, int value);

/**
 * Starts a child process. No signal is blocked or ignored in it. It inherits the descriptors of the caller that are not
 * close-on-exec; those of the library are. Free the handle with `cq_process_free`.
 *
 * The program must not fetch ends of children that it did not start itself (waitpid(2) with -1), and must not ignore
 * SIGCHLD: the end of the child would not be known.
 *
 * Errors: EINVAL for NULL and without a program; what the system says of the program and the working directory, for
 * example ENOENT, EACCES, ENOEXEC, ENOTDIR, E2BIG; EBADF for a descriptor that is not open; ENOSYS for a
 * working directory or a session on systems that cannot do it (see docs/processes.md); EAGAIN, EMFILE, ENFILE, ENOMEM.
 *
 * Source: posix_spawn(3).
 */
int cq_process_spawn(const struct cq_process_options *options,
                     struct cq_process **process);

/**
 * Frees a process, with the sockets that were not taken from it; no fiber may be waiting for it. Callbacks that poll it
 * wake, as its descriptor is closed. A child that still runs goes on; its end is fetched in a later call of
 * `cq_process_spawn`, `_wait`, `_try_wait`, `_kill` or `_free` for any process, so that no zombies gather. NULL is
 * ignored.
 */
void cq_process_free(struct cq_process *process);

/**
 * Returns the number of a process, also after its end, when the number may be another's; -1 for NULL.
 */
int cq_process_pid(const struct cq_process *process);

/**
 * Takes the caller's end of the child's standard input (`CQ_PROCESS_SOCKET`). It is the caller's from then on; the child
 * reads end of file once it is closed.
 *
 * Errors: EINVAL for NULL; ENOENT if there is none or it was taken before.
 */
int cq_process_stdin(const struct cq_process *process,
                     struct cq_socket **socket);

/**
 * Takes the caller's end of the child's standard output. It is the caller's from then on.
 *
 * Errors: as for `cq_process_stdin`.
 */
int cq_process_stdout(const struct cq_process *process, struct cq_socket **socket);

/**
 * Takes the caller's end of the child's standard error. It is the caller's from then on.
 *
 * Errors: as for `cq_process_stdin`.
 */
int cq_process_stderr(const struct cq_process *process, struct cq_socket **socket);

/**
 * Waits until a process has ended, at most `timeout` seconds (NaN or negative: without limit). Its exit code is written to
 * `code`, and 0 to `signal`; if a signal killed it, -1 to `code` and the signal to `signal`. Both may be NULL. In a fiber
 * only the fiber waits; outside a controller the thread does. The result can be asked for again.
 *
 * Errors: EINVAL for NULL as process; ETIMEDOUT, with 0 at once if it still runs; ECHILD if somebody else has fetched its
 * end, SIGCHLD is ignored, or it is no child of the calling process; EDEADLK in a callback.
 */
int cq_process_wait(const struct cq_process *process,
                    double timeout,
                    int *code,
                    int *signal);

/**
 * As `cq_process_wait`, at once.
 *
 * Errors: EINVAL for NULL as process; EAGAIN while it runs; ECHILD.
 */
int cq_process_try_wait(const struct cq_process *process, int *code, int *signal);

/**
 * Sends a signal to a process; 0 only asks whether it runs. It never reaches another process that has got its number.
 *
 * Errors: EINVAL for NULL and for a number that is no signal; ESRCH once it has ended; EPERM if it has taken other rights.
 *
 * Source: pidfd_send_signal(2), kill(2).
 */
int cq_process_kill(const struct cq_process *process,
                    int signal);

/**
 * Returns the descriptor that is readable (POLLIN) from the end of a process on, or -1 where the system has none (a
 * pidfd, Linux 5.4), and -1 for NULL. Where there is none, ask again after `cq_process_timeout` seconds. It belongs to the
 * handle: poll it, nothing else.
 */
int cq_process_pollfd(const struct cq_process *process);

/**
 * Returns after how many seconds to ask `cq_process_try_wait` again where no descriptor tells of the end; otherwise NaN,
 * and NaN for NULL.
 */
double cq_process_timeout(const struct cq_process *process);

/* ==== Changes of files (cq_notify) ================================================================
 * A notifier watches a directory, or a tree, and tells the names that changed.
 */

/**
 * In `changes`: a file or directory came: it was made, or renamed to this name.
 */
#define CQ_NOTIFY_CREATE 1

/**
 * In `changes`: the metadata of a file or directory changed: permissions, owner, times.
 */
#define CQ_NOTIFY_ATTRIB 2

/**
 * In `changes`: the contents of a file or directory changed.
 */
#define CQ_NOTIFY_MODIFY 4

/**
 * In `changes`: a file or directory can be reached no more: its file system was unmounted.
 */
#define CQ_NOTIFY_REVOKE 8

/**
 * In `changes`: a file or directory went: it was removed, or renamed to another name.
 */
#define CQ_NOTIFY_DELETE 16

/**
 * In `changes`: `CQ_NOTIFY_CREATE`, `CQ_NOTIFY_ATTRIB`, `CQ_NOTIFY_MODIFY`, `CQ_NOTIFY_REVOKE` and
 * `CQ_NOTIFY_DELETE` together.
 */
#define CQ_NOTIFY_ALL 31

/**
 * In `changes`: more happened than the system kept, so that the program must look at the directory itself. It is
 * told under the name ".", whichever changes were asked for.
 */
#define CQ_NOTIFY_OVERFLOW 32

/**
 * In `changes`: with `CQ_NOTIFY_CREATE` or `CQ_NOTIFY_DELETE`, that it was by a rename. It has to be asked for, and is told
 * on Linux only.
 */
#define CQ_NOTIFY_RENAMED 64

/**
 * In `changes`: an entry was there already, see `CQ_NOTIFY_EXISTING`.
 */
#define CQ_NOTIFY_PRESENT 128

/**
 * In `cq_notify_features`: inotify(7), which tells changes by name.
 */
#define CQ_NOTIFY_INOTIFY 65536

/**
 * In `cq_notify_features`: file events of Solaris and illumos.
 */
#define CQ_NOTIFY_FEN 131072

/**
 * In `cq_notify_features`: kqueue(2) with EVFILT_VNODE.
 */
#define CQ_NOTIFY_KQUEUE 262144

/**
 * In `cq_notify_features`: kqueue1(2).
 */
#define CQ_NOTIFY_KQUEUE1 524288

/**
 * In `cq_notify_features`: openat(2).
 */
#define CQ_NOTIFY_OPENAT 1048576

/**
 * In `cq_notify_features`: fdopendir(3).
 */
#define CQ_NOTIFY_FDOPENDIR 2097152

/**
 * In `cq_notify_features`: descriptors are close-on-exec from when they are opened.
 */
#define CQ_NOTIFY_O_CLOEXEC 4194304

/**
 * In `cq_notify_features`: inotify_init1(2).
 */
#define CQ_NOTIFY_IN_CLOEXEC 8388608

/**
 * For `flags` of `cq_notify_opendir`: the directory is watched with all directories below it.
 */
#define CQ_NOTIFY_RECURSIVE 1

/**
 * For `flags` of `cq_notify_opendir`: entries that are there already are told first, with `CQ_NOTIFY_PRESENT`, if they were
 * added by name or pattern before the first fetch or step, or a whole tree is watched. None is missed between what is told
 * so and the changes that follow; one that came at that moment may be told both ways.
 */
#define CQ_NOTIFY_EXISTING 2

/**
 * Watches a directory for `changes` (`CQ_NOTIFY_...` bits). An entry is told by its name if that was added
 * (`cq_notify_add`, `cq_notify_match`). Of all other entries it is told, under the name ".", that one came
 * (`CQ_NOTIFY_CREATE`) or went (`CQ_NOTIFY_DELETE`). To watch a single file, watch its directory and add its name:
 * editors replace files.
 *
 * With `CQ_NOTIFY_RECURSIVE` in `flags` the directory is watched with all below it, also with directories that come
 * later. Everything is told, unless names or patterns are added: then only these. Names are paths below the
 * directory ("sub/file"). The entries that a directory holds when it comes are told as created. Symbolic links are
 * not followed.
 *
 * The directory's own changes are told under the name ".", its removal among them. Free the notifier with
 * `cq_notify_free`.
 *
 * Errors: EINVAL for NULL and unknown bits; ENOTDIR for a file; ENOENT, EACCES, ENAMETOOLONG; `CQ_EWATCHES` and
 * `CQ_EINSTANCES` for limits of inotify; EMFILE, ENFILE. On macOS and the BSDs each file that is
 * told by name takes a descriptor.
 *
 * Safety: `path` is a string.
 *
 * Source: cqueues User Guide §3.2.6, inotify(7).
 */
int cq_notify_opendir(const char *path,
                      uint32_t changes,
                      uint32_t flags,
                      struct cq_notify **notifier);

/**
 * Frees a notifier, which no fiber may be waiting in. NULL is ignored.
 */
void cq_notify_free(struct cq_notify *notifier);

/**
 * Has an entry of the directory told by its name, whether it is there already or comes later. If a name is added
 * again, the changes of both calls are told.
 *
 * Errors: EINVAL for NULL and unknown bits; EISDIR for a name with a slash, unless whole trees are
 * watched; ENAMETOOLONG; EMFILE, ENFILE on macOS and the BSDs.
 *
 * Safety: `name` is a string.
 */
int cq_notify_add(const struct cq_notify *notifier,
                  const char *name,
                  uint32_t changes);

/**
 * Has all entries told by their names that match a pattern of fnmatch(3) (`*.c`). A pattern with a slash is matched
 * with the whole path below the directory, one without a slash with the last part of the path; `*` and `?` match no
 * slash, and no dot at the beginning.
 *
 * Errors: EINVAL for NULL and unknown bits; EMFILE, ENFILE on macOS and the BSDs.
 *
 * Safety: `pattern` is a string.
 */
int cq_notify_match(const struct cq_notify *notifier,
                    const char *pattern,
                    uint32_t changes);

/**
 * Tells, without waiting, what happened to one name since it was last told. `changes` receives `CQ_NOTIFY_...` bits;
 * `name` and `size` (may be NULL) receive the name and its length. The name ends with a NUL and holds until the next
 * call; "." is the directory itself. The system is asked only if nothing else is left to tell.
 *
 * Errors: EINVAL for NULL; EAGAIN if nothing happened; ENOENT when the directory is gone and all
 * has been told; `CQ_EWATCHES`, EMFILE, told once, if something that came cannot be watched.
 */
int cq_notify_try_get(const struct cq_notify *notifier,
                      uint32_t *changes,
                      const char **name,
                      size_t *size);

/**
 * As `cq_notify_try_get`, but waits, at most `timeout` seconds (NaN or negative: without limit). In
 * a fiber only the fiber waits; outside a controller the thread does.
 *
 * Errors: as `cq_notify_try_get`, with ETIMEDOUT instead of EAGAIN; EDEADLK in a callback.
 *
 * Source: cqueues User Guide §3.2.6.
 */
int cq_notify_get(const struct cq_notify *notifier,
                  double timeout,
                  uint32_t *changes,
                  const char **name,
                  size_t *size);

/**
 * Reads the changes that the system has to tell by now, without waiting, unless some are still to be fetched: what happens after
 * them is a change of its own. `cq_notify_try_get` does so by itself.
 *
 * Errors: EINVAL for NULL.
 */
int cq_notify_step(const struct cq_notify *notifier);

/**
 * Returns the descriptor that is readable when something happened, or -1 for NULL. It belongs to
 * the notifier: poll it, with `cq_notify_timeout`, nothing else.
 */
int cq_notify_pollfd(const struct cq_notify *notifier);

/**
 * Returns the events to poll for: POLLIN, or 0 for NULL.
 */
uint32_t cq_notify_events(const struct cq_notify *notifier);

/**
 * Returns 0 while something is left to fetch that the descriptor does not tell of, else NaN. NaN for NULL.
 */
double cq_notify_timeout(const struct cq_notify *notifier);

/**
 * Returns how this system tells of changes: `CQ_NOTIFY_INOTIFY` and the bits that follow it.
 */
uint32_t cq_notify_features(void);

/**
 * Returns the name of a single bit, of a change ("CREATE") or a feature ("INOTIFY"), or NULL if it has none. The
 * text is static.
 */
const char *cq_notify_name(uint32_t bit);

/* ==== Looking at tasks (cq_inspect) ===============================================================
 * The tasks of a controller with what each waits for, counters, and a socket at which the program `cq` can ask for both.
 */

/**
 * For `state` of `cq_task_info`: the task is being resumed.
 */
#define CQ_TASK_RUNNING 0

/**
 * The task runs in this step or in the next one.
 */
#define CQ_TASK_READY 1

/**
 * The task waits.
 */
#define CQ_TASK_PARKED 2

/**
 * A task, as `cq_controller_tasks` tells it.
 */
typedef struct cq_task_info {
    /**
     * The task.
     */
    cq_task task;
    /**
     * Its present scope, or NULL; not one more handle to free.
     */
    struct cq_scope *scope;
    /**
     * `CQ_TASK_RUNNING`, `CQ_TASK_READY` or `CQ_TASK_PARKED`.
     */
    uint32_t state;
    /**
     * How many things it waits for beside the one that `wait` tells, timeouts aside.
     */
    uint32_t others;
    /**
     * Since when it has been in this state, as `cq_monotime` tells time; NaN unless `cq_controller_set_counting` was
     * called.
     */
    double since;
    /**
     * When its wait ends at the latest; NaN without limit.
     */
    double deadline;
    /**
     * Its name; empty without one.
     */
    char name[64];
    /**
     * What it waits for, in words: "read of 127.0.0.1:443 (TLS handshake)", "accept on [::1]:80", "connection to
     * 192.0.2.1:80", "answer of 127.0.0.53 to AAAA example.test., try 2", "file changes of /etc", "end of task 16777216",
     * "condition", "sleep". Empty if it does not wait; cut to 95 bytes.
     */
    char wait[96];
    /**
     * 0. Reserved for later versions.
     */
    uint64_t reserved[4];
} cq_task_info;

/**
 * What a controller has done, see `cq_controller_stat`. The times are seconds.
 */
typedef struct cq_controller_counts {
    /**
     * How many tasks there are now. This and the next two are told always.
     */
    uint64_t tasks;
    /**
     * How many descriptors the kernel watches now.
     */
    uint64_t descriptors;
    /**
     * How many deadlines of waits and scopes are set now.
     */
    uint64_t deadlines;
    /**
     * How many steps there were.
     */
    uint64_t steps;
    /**
     * How often a task was resumed.
     */
    uint64_t resumptions;
    /**
     * How many descriptors the kernel has told of.
     */
    uint64_t events;
    /**
     * How long tasks have run.
     */
    double busy;
    /**
     * How long the kernel was asked and waited for.
     */
    double idle;
    /**
     * How long the longest resumption took.
     */
    double longest;
    /**
     * Whose that was; 0 if there was none.
     */
    cq_task longest_task;
    /**
     * The name of that task, if it had one and was not over after that resumption.
     */
    char longest_name[64];
    /**
     * 0. Reserved for later versions.
     */
    uint64_t reserved[8];
} cq_controller_counts;

/**
 * Lets other programs look at the controller, `cq ps` for instance: serves its tasks, their scopes and what
 * `cq_controller_stat` tells over a UNIX stream socket that is made at `path`. Only processes of this process's user,
 * and of root, can connect. Who connects gets one JSON object and then the end of the stream; who sends the line
 * `tree` or `top` first gets text for people instead. The document "inspect" lists what stands in them. NULL as the
 * path stops that; a path beside an earlier one replaces it.
 *
 * The controller counts from then on as after `cq_controller_set_counting`, unless it does already. It answers in its
 * steps: not while a task runs, nor between steps. What serves is no task of the program's: loops end beside it, and
 * it is neither counted nor listed; its descriptors are counted. The path is removed when serving stops, and when
 * the controller is closed or freed; a relative one is looked up again then. A child of fork(2) does not serve, and
 * leaves the path alone. A socket of the same user at which nobody listens any more is replaced.
 *
 * Errors: EINVAL for NULL as the controller, or an empty path; EADDRINUSE if somebody listens at the path, or
 * something else is there; ENAMETOOLONG; EBADF after close; EPERM while another thread steps the controller; ENOMEM,
 * and what the system says of the path: ENOENT, EACCES, EMFILE. On failure an earlier path may be served no longer.
 *
 * Safety: `path` is NULL or terminated.
 */
int cq_controller_inspect(struct cq_controller *controller,
                          const char *path);

/**
 * Lists the tasks of a controller into an array with room for `room` of them, in the order of their places (see
 * `CQ_TASK_PLACE`). `count` receives how many there are, which may be more than there was room for. Nothing is
 * allocated, no task is disturbed, and nothing of the program's is called.
 *
 * Errors: EINVAL for NULL; EPERM while another thread steps the controller.
 *
 * Safety: `tasks` is writable for `room` elements.
 */
int cq_controller_tasks(const struct cq_controller *controller,
                        struct cq_task_info *tasks,
                        size_t room,
                        size_t *count);

/**
 * Lets the controller count what it does, from zero, or not any more. Counting reads the clock at each resumption.
 *
 * Errors: EINVAL for NULL; ENOMEM.
 */
int cq_controller_set_counting(struct cq_controller *controller,
                               bool counts);

/**
 * Tells what a controller has done since `cq_controller_set_counting`; without that, only what there is now, and 0 for
 * the rest.
 *
 * Errors: EINVAL for NULL; EPERM while another thread steps the controller.
 *
 * Safety: `counts` is writable.
 */
int cq_controller_stat(const struct cq_controller *controller,
                       struct cq_controller_counts *counts);

/* ==== For language bindings (cq_pull) =============================================================
 * The pull interface: the binding resumes its tasks by itself. `cq_controller_next` hands out the tasks that are ready;
 * each is resumed and then parked again or finished.
 */

/**
 * The bits of a `cq_task` that are the task's place, a small number. No two tasks that a controller has at the same
 * time have the same place, and the place of a task that is over is used again, so that a program can keep what
 * belongs to tasks in an array with the place as its index.
 */
#define CQ_TASK_PLACE 16777215

/**
 * In `member` of a `cq_fired`, which is the only one then: the wait was ended, as the task was cancelled or its scope
 * has ended. `events` is the code for that, ECANCELED or ETIMEDOUT.
 */
#define CQ_ENDED 4294967295

/**
 * A task that is ready: see `cq_controller_next`.
 */
typedef struct cq_ready {
    /**
     * The task.
     */
    cq_task task;
    /**
     * The `data` that `cq_controller_add` was given for it.
     */
    void *data;
    /**
     * The members of its wait set that fired, in the order of the set; holds until the next call of
     * `cq_controller_next` or `cq_controller_begin` with this controller.
     */
    const struct cq_fired *fired;
    /**
     * The number of elements of `fired`.
     */
    size_t count;
    /**
     * The `data` of the task that comes next, in this step or in a later one; NULL if there is none, or if it was not added by
     * `cq_controller_add`. For a caller that has the processor fetch its memory meanwhile: the task may be gone as soon
     * as another function is called.
     */
    void *ahead;
    /**
     * Reserved for later versions: not written, and not to be read.
     */
    uint64_t reserved;
} cq_ready;

/**
 * Makes the descriptor of a controller that runs the newest task first readable once more, if its last step has
 * found descriptors ready. From then on, each of its steps that finds descriptors ready does so at its end. The Lua
 * library cqueues does this, and programs that nest controllers notice it in the order of their tasks; no other
 * program needs it. It has no effect on controllers that run the oldest task first.
 *
 * Errors: EINVAL for NULL.
 */
int cq_controller_recall(const struct cq_controller *controller);

/**
 * Tells whether somebody looks at the controller from outside who wants to see where the code of each task stands. It is
 * for bindings, which alone know that: they ask at the end of each step, call `cq_task_set_place` for each of their
 * tasks if it is so, and the answer is given in the next step. It is true once for each who looks. Without such
 * a question in earlier steps, answers do not wait for places. False for NULL.
 */
bool cq_controller_wants_places(const struct cq_controller *controller);

/**
 * Says where the code of a task stands, "server.lua:12", for who looks at the controller at present: see
 * `cq_controller_wants_places`. A copy is kept until that was shown. NULL and "" take it away.
 *
 * Errors: EINVAL for NULL as the controller; ENOENT if there is no such task; ENOMEM; EPERM while another thread steps
 * the controller.
 *
 * Safety: `place` is NULL or terminated.
 */
int cq_task_set_place(struct cq_controller *controller,
                      cq_task task,
                      const char *place);

/**
 * As `cq_controller_add`, in a scope.
 *
 * Errors: as there; ECANCELED, ETIMEDOUT if the scope has ended; EBADF once the controller is closed or freed.
 */
int cq_scope_add(struct cq_scope *scope,
                 void *data,
                 cq_task *task);

/**
 * Adds a task of the pull interface, which language bindings use: the caller resumes it by itself.
 * `cq_controller_next` hands it out with `data` in the next step. `task` may be NULL.
 *
 * Errors: EINVAL for NULL; EBADF after close; ENOMEM with 16,777,216 tasks; EPERM while another thread steps the
 * controller.
 */
int cq_controller_add(struct cq_controller *controller,
                      void *data,
                      cq_task *task);

/**
 * Begins a step of the pull interface. Then call `cq_controller_wait`, call `cq_controller_next` until it answers
 * ENOENT, and end the step with `cq_controller_leave`. `cq_controller_begin` is the first three of these in one call.
 *
 * Errors: EINVAL for NULL; EBADF after close; EBUSY inside another step of this controller.
 */
int cq_controller_enter(struct cq_controller *controller);

/**
 * Ends a step. Tasks of its batch that `cq_controller_next` has not handed out are handed out in the next step.
 *
 * Errors: EINVAL for NULL, without a step that `cq_controller_enter` began, and in a callback or fiber of this
 * controller.
 */
int cq_controller_leave(struct cq_controller *controller);

/**
 * Takes the next task of the batch that was added by `cq_controller_add`. The caller resumes it, then calls
 * `cq_controller_park` or `cq_controller_finish` for it. Callbacks and fibers of the same controller that are ready
 * run inside this call.
 *
 * Errors: ENOENT when the batch is done; EINVAL for NULL, or outside of a step; EPERM while another thread steps it;
 * ENOTSUP if a task of `cq_batch_step` is ready; otherwise the code with which a callback or fiber ended: call again to go on.
 *
 * Safety: `ready` is writable.
 */
int cq_controller_next(struct cq_controller *controller,
                       struct cq_ready *ready);

/**
 * Begins a step, waits, and takes its first task: `cq_controller_enter`, `cq_controller_wait` and `cq_controller_next`
 * in one call. After 0 go on as after `cq_controller_next`, and end the step with `cq_controller_leave`. After anything
 * else no step is under way: ENOENT says that nothing was ready, and that the step is over.
 *
 * Errors: ENOENT; EINVAL for NULL or unknown flags; EBADF after close; EBUSY inside another step of this controller;
 * EPERM while another thread steps it; ENOMEM; ENOTSUP if a task of `cq_batch_step` is ready; otherwise the code with
 * which a callback or fiber ended, of which `cq_controller_failure` tells more: what else was ready is handed out in the
 * next step.
 *
 * Safety: `ready` is writable.
 */
int cq_controller_begin(struct cq_controller *controller,
                        double timeout,
                        uint32_t flags,
                        struct cq_ready *ready);

/* ==== For language bindings: many tasks in one call (cq_batch) ====================================
 * A batch resumes nothing by itself: what its tasks want goes in as an array, what came of it comes out as another.
 * `cq_batch_step` is the loop's only call, which serves callers whose calls are dear.
 */

/**
 * Comes back in the next step, and lets others run until then.
 */
#define CQ_DO_NOTHING 0

/**
 * Starts a task in the scope `object` (NULL: in none). Its first result, of this kind, comes when its turn is, with
 * `data` as the task's data. Errors: ECANCELED, ETIMEDOUT if the scope has ended; ENOMEM: there is no task then, and
 * the result has the operation's `data`.
 */
#define CQ_DO_ADD 1

/**
 * The task is over: no result comes. `size` is the code with which it failed, or 0. With a code its scope ends as by
 * `cq_task_fail`, and `data` is a text or NULL.
 */
#define CQ_DO_END 2

/**
 * Waits for `timeout` seconds: 0 then, not ETIMEDOUT.
 */
#define CQ_DO_SLEEP 3

/**
 * Waits for any of the `size` members of the array of `cq_interest` at `data`, which is not needed any more after
 * the step. The result's `size` is the place of the first that fired, `events` what fired of it.
 */
#define CQ_DO_POLL 4

/**
 * Waits until the condition `object` is signalled.
 */
#define CQ_DO_CONDITION 5

/**
 * Reads from the socket `object` what `format` asks for, with `size` where it needs a count: see
 * `cq_socket_try_recv`. With `CQ_READ_UP_TO` fewer may come, as the batch's memory is shared.
 */
#define CQ_DO_READ 6

/**
 * Reads into `data`, 1 to `size` bytes: see `cq_socket_try_recv_into`.
 */
#define CQ_DO_READ_INTO 7

/**
 * Writes the `size` bytes at `data`: see `cq_socket_write`.
 */
#define CQ_DO_WRITE 8

/**
 * Sends what the socket `object` has buffered.
 */
#define CQ_DO_FLUSH 9

/**
 * Sends all and ends the output: see `cq_socket_finish`.
 */
#define CQ_DO_FINISH 10

/**
 * Takes a connection of the listening socket `object`.
 */
#define CQ_DO_ACCEPT 11

/**
 * Waits until the socket `object` is connected, or bound where it listens.
 */
#define CQ_DO_ESTABLISH 12

/**
 * Begins TLS on the socket `object`, with the configuration `data`: see `cq_socket_starttls`.
 */
#define CQ_DO_STARTTLS 13

/**
 * Waits for the answer of the resolver `object`, which was given a question: see `cq_dns_resolver_try_fetch`.
 */
#define CQ_DO_ANSWER 14

/**
 * Waits for a signal of the listener `object`; `size` is its number. EBADF if `cq_controller_cancel` has ended the wait
 * for the listener's descriptor.
 */
#define CQ_DO_SIGNAL 15

/**
 * Waits until the scope `object` has no tasks left: see `cq_scope_park`.
 */
#define CQ_DO_SCOPE 16

/**
 * For `flags`: the task's next operation is done when this one has succeeded, which gives no result then. If it fails,
 * that is the result, and the operations linked to it are left out. Operations that are linked begin when the last of
 * them has come, the one without this flag.
 */
#define CQ_OPERATION_LINK 1

/**
 * For `flags`: if the task's waits are ended (`cq_task_status`) nothing is done, and that is the result, also where
 * no wait would be needed.
 */
#define CQ_OPERATION_CHECK 2

/**
 * What a task wants.
 */
typedef struct cq_operation {
    /**
     * The task, as a result named it. Not used by `CQ_DO_ADD`.
     */
    cq_task task;
    /**
     * `CQ_DO_...`
     */
    uint32_t kind;
    /**
     * 0, or made of `CQ_OPERATION_...`
     */
    uint32_t flags;
    /**
     * `CQ_READ_...` for `CQ_DO_READ`.
     */
    uint32_t format;
    /**
     * The mode of this read or write: see `cq_mode_parse`; 0: the socket's own.
     */
    uint32_t mode;
    /**
     * The socket, condition, ... that it concerns.
     */
    void *object;
    /**
     * Bytes or other data; readable or writable until the result comes.
     */
    void *data;
    /**
     * The size of `data`, or a number: see the kind.
     */
    size_t size;
    /**
     * How many seconds it may take, then its code is ETIMEDOUT; NaN or negative: without limit.
     */
    double timeout;
    /**
     * 0. Reserved for later versions.
     */
    uint64_t reserved;
} cq_operation;

/**
 * What came of it.
 */
typedef struct cq_result {
    /**
     * The task, which now waits for an operation.
     */
    cq_task task;
    /**
     * The task's data: `data` of its `CQ_DO_ADD`. NULL with ENOENT.
     */
    void *data;
    /**
     * The kind of the operation: that of the one that failed, where operations are linked.
     */
    uint32_t kind;
    /**
     * 0, or what went wrong: the codes of the function that does the same.
     */
    int code;
    /**
     * What was made: the socket of `CQ_DO_ACCEPT`, the packet of `CQ_DO_ANSWER`. To be freed by the caller.
     */
    void *object;
    /**
     * What was read. The bytes lie there until the next step of the batch; see `cq_batch_memory`.
     */
    const void *bytes;
    /**
     * How many bytes were read or, also with an error, written; or a number: see the kind.
     */
    size_t size;
    /**
     * What fired, for `CQ_DO_POLL`.
     */
    uint32_t events;
    /**
     * 0. Reserved for later versions.
     */
    uint32_t reserved[3];
} cq_result;

/**
 * Makes a batch: many tasks of a language binding, in few calls. What the tasks want goes into `cq_batch_step` as an
 * array of operations, and what came of it comes out as an array of results; in between the binding resumes its tasks
 * and collects what they want next. `memory` is how many bytes of input one step may bring, 0 for 256 KiB. Free it
 * with `cq_batch_free`, before or after the controller.
 *
 *     cq_operation list[64] = { { .kind = CQ_DO_ADD, .data = client } };
 *     cq_result results[64];
 *     size_t wanted = 1, count, i;
 *
 *     while (!(code = cq_batch_step(batch, list, wanted, -1, results, 64, &count)))
 *             for (wanted = 0, i = 0; i < count; i++)
 *                     wanted += resume(&results[i], &list[wanted]);
 *
 * Errors: EINVAL for NULL; EBADF after close; EPERM while another thread steps the controller; ENOMEM.
 */
int cq_batch_new(struct cq_controller *controller,
                 size_t memory,
                 struct cq_batch **batch);

/**
 * Frees a batch, but not inside one of its steps. Its tasks that are left wait for nothing any more: free their scopes,
 * or the controller. NULL is ignored.
 */
void cq_batch_free(struct cq_batch *batch);

/**
 * Tells where the bytes of results lie, if they have room there: `*memory` and `*size` hold until the batch is freed.
 * A binding for which it is dear to read from an address makes a view of it once. What does not fit there lies
 * elsewhere: only a `CQ_READ_EXACTLY`, `CQ_READ_ALL` or a line of more bytes.
 *
 * Errors: EINVAL for NULL.
 */
int cq_batch_memory(const struct cq_batch *batch,
                    const void **memory,
                    size_t *size);

/**
 * Takes `count` operations, waits at most `timeout` seconds (NaN or negative: without limit) until something came of
 * them or of those before, and writes that to `results`, which have room for `room`. `*produced` tells how many; what
 * there was no room for comes in the next step. It does not wait if an operation has ended already, and a signal or
 * `cq_controller_alert` ends the wait: then `*produced` may be 0. Callbacks and fibers of the controller run inside of
 * this call.
 *
 * A task has one operation at a time, but for those that are linked. One that cannot be begun has a result with EINVAL
 * (unknown kind, flag or argument, reserved members that are not 0), EBUSY (the task has one), or ENOENT (no such task of this batch). When a task's waits
 * are ended, by its scope or `cq_task_cancel`, its operation ends with ECANCELED or ETIMEDOUT; of a write, `size` tells
 * what was taken before. A socket that an operation waits for may be closed meanwhile, which ends it with EBADF, but not
 * freed.
 *
 * Results before an error are written, and `*produced` counts them.
 *
 * Errors: EINVAL for NULL, or if `room` is 0 or less than `count`; EBADF once the controller is closed or freed; EBUSY
 * inside a step of the controller; EPERM; ENOMEM; ENOTSUP if a task of `cq_controller_add` or of another
 * batch is ready; ECANCELED after `cq_controller_stop`; otherwise the code with which a callback or fiber ended: call again to go on.
 *
 * Safety: objects and data of the operations are live until their results come; `results` is writable.
 */
int cq_batch_step(const struct cq_batch *batch,
                  const struct cq_operation *operations,
                  size_t count,
                  double timeout,
                  struct cq_result *results,
                  size_t room,
                  size_t *produced);

#ifdef __cplusplus
}
#endif

#endif
