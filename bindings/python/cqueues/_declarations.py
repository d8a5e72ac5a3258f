# SPDX-License-Identifier: MIT
"""What include/cqueues.h declares. Made by tools/python-api/generate.py."""

from __future__ import annotations

from ctypes import Array, Structure, c_bool, c_char, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint, c_uint16, c_uint32, c_uint64, c_void_p
from typing import Any, Optional

CQ_VERSION_MAJOR = 1
CQ_VERSION_MINOR = 0
CQ_VERSION_PATCH = 0
CQ_LOG_ERROR = 1
CQ_LOG_WARNING = 2
CQ_VERSION = 20261129
CQ_EPANIC = -1935895337
CQ_ESERVICE = -1684960055
CQ_ETLS = -1935895353
CQ_ENOTVERIFIED = -1935895351
CQ_ENOHOST = -1935895349
CQ_ETRUNCATED = -1935895336
CQ_EWATCHES = -1935895335
CQ_EINSTANCES = -1935895334
CQ_EFAILED = -1935895333
CQ_ENOBUFS = -1684960064
CQ_EILLEGAL = -1684960063
CQ_EORDER = -1684960062
CQ_ESECTION = -1684960061
CQ_EADDRESS = -1684960059
CQ_ENOQUERY = -1684960058
CQ_ENOANSWER = -1684960057
CQ_EFETCHED = -1684960056
CQ_EFAIL = -1684960053
CQ_ENONAME = -1684960054
CQ_OPTION_FAMILY = 1
CQ_OPTION_TYPE = 2
CQ_OPTION_PERMISSIONS = 3
CQ_OPTION_UMASK = 4
CQ_OPTION_UNLINK = 5
CQ_OPTION_REUSEADDR = 6
CQ_OPTION_REUSEPORT = 7
CQ_OPTION_NODELAY = 8
CQ_OPTION_NOPUSH = 9
CQ_OPTION_V6ONLY = 10
CQ_OPTION_TIME = 11
CQ_OPTION_BROADCAST = 12
CQ_OPTION_OOBINLINE = 13
CQ_OPTION_NONBLOCK = 14
CQ_OPTION_CLOEXEC = 15
CQ_OPTION_NOSIGPIPE = 16
CQ_OPTION_VERIFY = 17
CQ_OPTION_SENDNAME = 18
CQ_OPTION_KEEPALIVE = 19
CQ_OPTION_KEEPALIVE_IDLE = 20
CQ_OPTION_KEEPALIVE_INTERVAL = 21
CQ_OPTION_KEEPALIVE_COUNT = 22
CQ_OPTION_STRICT = 23
CQ_OPTION_BACKLOG = 24
CQ_OPTION_SEND_BUFFER = 25
CQ_OPTION_RECEIVE_BUFFER = 26
CQ_OPTION_USER_TIMEOUT = 27
CQ_OPTION_TOS = 28
CQ_OPTION_MULTICAST_TTL = 29
CQ_OPTION_MULTICAST_LOOP = 30
CQ_OPTION_PACKET_INFO = 31
CQ_OPTION_ECN = 32
CQ_OPTION_SEGMENTS = 33
CQ_OPTION_ACTIVATED = 34
CQ_FIRED = 16384
CQ_CANCELLED = 32
CQ_WAIT_LAZY = 1
CQ_OLDEST_FIRST = 0
CQ_NEWEST_FIRST = 1
CQ_READ_ALL = 1
CQ_READ_LINE = 2
CQ_READ_LINE_KEEP = 3
CQ_READ_HEADER = 4
CQ_READ_HEADER_KEEP = 5
CQ_READ_EXACTLY = 6
CQ_READ_UP_TO = 7
CQ_PATIENT = 1
CQ_FLUSH = 2
CQ_MORE = 1024
CQ_AGAIN = 2048
CQ_INPUT = 0
CQ_OUTPUT = 1
CQ_MODE_DEFAULT = 0
CQ_HOLD_NONE = 0
CQ_HOLD_ANSWERS = 1
CQ_HOLD_LINES = 2
CQ_TRUNCATED = 1
CQ_TLS_ANY = 0
CQ_TLS_CLIENT = 1
CQ_TLS_SERVER = 2
CQ_TLS_VERIFY_NONE = 0
CQ_TLS_VERIFY_PEER = 1
CQ_TLS_VERIFY_REQUIRE = 2
CQ_TLS_1_2 = 771
CQ_TLS_1_3 = 772
CQ_TLS_STAPLES_NONE = 0
CQ_TLS_STAPLES_ASKED = 1
CQ_TLS_STAPLES_DEMANDED = 2
CQ_TLS_FACT_VERSION = 0
CQ_TLS_FACT_CIPHER = 1
CQ_TLS_FACT_GROUP = 2
CQ_TLS_FACT_SUBJECT = 3
CQ_TLS_FACT_ISSUER = 4
CQ_TLS_FACT_NAME = 5
CQ_TLS_FACT_DER = 6
CQ_TLS_FACT_PEM = 7
CQ_DNS_RESOLV_CONF = 0
CQ_DNS_NSSWITCH_CONF = 1
CQ_DNS_NAMESERVERS = 0
CQ_DNS_SEARCH = 1
CQ_DNS_LOOKUP = 2
CQ_DNS_WARNINGS = 3
CQ_DNS_QUESTION = 1
CQ_DNS_ANSWER = 2
CQ_DNS_AUTHORITY = 4
CQ_DNS_ADDITIONAL = 8
CQ_DNS_TYPES = 0
CQ_DNS_CLASSES = 1
CQ_DNS_SECTIONS = 2
CQ_DNS_OPCODES = 3
CQ_DNS_RCODES = 4
CQ_SIGNAL_SIGNALFD = 1
CQ_SIGNAL_EVFILT = 2
CQ_SIGNAL_SIGTIMEDWAIT = 4
CQ_SIGNAL_KQUEUE = 8
CQ_SIGNAL_KQUEUE1 = 16
CQ_PROCESS_INHERIT = 0
CQ_PROCESS_NULL = 1
CQ_PROCESS_DESCRIPTOR = 2
CQ_PROCESS_SOCKET = 3
CQ_PROCESS_STDOUT = 4
CQ_PROCESS_ENVIRONMENT = 1
CQ_PROCESS_SEARCH = 2
CQ_PROCESS_GROUP = 3
CQ_PROCESS_SESSION = 4
CQ_NOTIFY_CREATE = 1
CQ_NOTIFY_ATTRIB = 2
CQ_NOTIFY_MODIFY = 4
CQ_NOTIFY_REVOKE = 8
CQ_NOTIFY_DELETE = 16
CQ_NOTIFY_ALL = 31
CQ_NOTIFY_OVERFLOW = 32
CQ_NOTIFY_RENAMED = 64
CQ_NOTIFY_PRESENT = 128
CQ_NOTIFY_INOTIFY = 65536
CQ_NOTIFY_FEN = 131072
CQ_NOTIFY_KQUEUE = 262144
CQ_NOTIFY_KQUEUE1 = 524288
CQ_NOTIFY_OPENAT = 1048576
CQ_NOTIFY_FDOPENDIR = 2097152
CQ_NOTIFY_O_CLOEXEC = 4194304
CQ_NOTIFY_IN_CLOEXEC = 8388608
CQ_NOTIFY_RECURSIVE = 1
CQ_NOTIFY_EXISTING = 2
CQ_TASK_RUNNING = 0
CQ_TASK_READY = 1
CQ_TASK_PARKED = 2
CQ_TASK_PLACE = 16777215
CQ_ENDED = 4294967295
CQ_DO_NOTHING = 0
CQ_DO_ADD = 1
CQ_DO_END = 2
CQ_DO_SLEEP = 3
CQ_DO_POLL = 4
CQ_DO_CONDITION = 5
CQ_DO_READ = 6
CQ_DO_READ_INTO = 7
CQ_DO_WRITE = 8
CQ_DO_FLUSH = 9
CQ_DO_FINISH = 10
CQ_DO_ACCEPT = 11
CQ_DO_ESTABLISH = 12
CQ_DO_STARTTLS = 13
CQ_DO_ANSWER = 14
CQ_DO_SIGNAL = 15
CQ_DO_SCOPE = 16
CQ_OPERATION_LINK = 1
CQ_OPERATION_CHECK = 2


class cq_address(Structure):
    storage: Array[c_uint64]
    size: int
    _fields_ = [
        ("storage", c_uint64 * 16),
        ("size", c_uint32),
    ]


class cq_name(Structure):
    family: int
    port: int
    size: int
    text: bytes
    reserved: Array[c_uint64]
    _fields_ = [
        ("family", c_int),
        ("port", c_int),
        ("size", c_size_t),
        ("text", c_char * 128),
        ("reserved", c_uint64 * 2),
    ]


class cq_interest(Structure):
    fd: int
    events: int
    fired: int
    timeout: float
    condition: Optional[int]
    socket: Optional[int]
    resolver: Optional[int]
    controller: Optional[int]
    signal: Optional[int]
    thread: Optional[int]
    notify: Optional[int]
    scope: Optional[int]
    process: Optional[int]
    reserved: Optional[int]
    _fields_ = [
        ("fd", c_int),
        ("events", c_uint32),
        ("fired", c_uint32),
        ("timeout", c_double),
        ("condition", c_void_p),
        ("socket", c_void_p),
        ("resolver", c_void_p),
        ("controller", c_void_p),
        ("signal", c_void_p),
        ("thread", c_void_p),
        ("notify", c_void_p),
        ("scope", c_void_p),
        ("process", c_void_p),
        ("reserved", c_void_p),
    ]


class cq_fired(Structure):
    member: int
    events: int
    _fields_ = [
        ("member", c_uint32),
        ("events", c_uint32),
    ]


class cq_failure(Structure):
    task: int
    code: int
    name: bytes
    reason: Optional[bytes]
    reserved: Array[c_uint64]
    _fields_ = [
        ("task", c_uint64),
        ("code", c_int),
        ("name", c_char * 64),
        ("reason", c_char_p),
        ("reserved", c_uint64 * 3),
    ]


class cq_stat(Structure):
    count: int
    time: float
    eof: bool
    reserved: Array[c_uint64]
    _fields_ = [
        ("count", c_uint64),
        ("time", c_double),
        ("eof", c_bool),
        ("reserved", c_uint64 * 4),
    ]


class cq_piece(Structure):
    data: Optional[int]
    size: int
    _fields_ = [
        ("data", c_void_p),
        ("size", c_size_t),
    ]


class cq_datagram(Structure):
    data: Optional[int]
    size: int
    received: int
    flags: int
    address: cq_address
    local: cq_address
    interface: int
    ecn: int
    segment: int
    reserved: Array[c_uint32]
    _fields_ = [
        ("data", c_void_p),
        ("size", c_size_t),
        ("received", c_size_t),
        ("flags", c_uint32),
        ("address", cq_address),
        ("local", cq_address),
        ("interface", c_uint32),
        ("ecn", c_uint32),
        ("segment", c_uint32),
        ("reserved", c_uint32 * 5),
    ]


class cq_dns_traffic(Structure):
    count: int
    bytes: int
    _fields_ = [
        ("count", c_uint64),
        ("bytes", c_uint64),
    ]


class cq_dns_stat(Structure):
    queries: int
    udp_sent: cq_dns_traffic
    udp_received: cq_dns_traffic
    tcp_sent: cq_dns_traffic
    tcp_received: cq_dns_traffic
    reserved: Array[c_uint64]
    _fields_ = [
        ("queries", c_uint64),
        ("udp_sent", cq_dns_traffic),
        ("udp_received", cq_dns_traffic),
        ("tcp_sent", cq_dns_traffic),
        ("tcp_received", cq_dns_traffic),
        ("reserved", c_uint64 * 8),
    ]


class cq_dns_selector(Structure):
    size: int
    sections: int
    rtype: int
    rclass: int
    name: Optional[bytes]
    _fields_ = [
        ("size", c_size_t),
        ("sections", c_uint32),
        ("rtype", c_uint16),
        ("rclass", c_uint16),
        ("name", c_char_p),
    ]


class cq_dns_record(Structure):
    message: Optional[int]
    message_length: int
    ttl: int
    section: int
    rtype: int
    rclass: int
    name: int
    rdata: int
    rdata_length: int
    _fields_ = [
        ("message", c_void_p),
        ("message_length", c_size_t),
        ("ttl", c_uint32),
        ("section", c_uint16),
        ("rtype", c_uint16),
        ("rclass", c_uint16),
        ("name", c_uint16),
        ("rdata", c_uint16),
        ("rdata_length", c_uint16),
    ]


class cq_task_info(Structure):
    task: int
    scope: Optional[int]
    state: int
    others: int
    since: float
    deadline: float
    name: bytes
    wait: bytes
    reserved: Array[c_uint64]
    _fields_ = [
        ("task", c_uint64),
        ("scope", c_void_p),
        ("state", c_uint32),
        ("others", c_uint32),
        ("since", c_double),
        ("deadline", c_double),
        ("name", c_char * 64),
        ("wait", c_char * 96),
        ("reserved", c_uint64 * 4),
    ]


class cq_controller_counts(Structure):
    tasks: int
    descriptors: int
    deadlines: int
    steps: int
    resumptions: int
    events: int
    busy: float
    idle: float
    longest: float
    longest_task: int
    longest_name: bytes
    reserved: Array[c_uint64]
    _fields_ = [
        ("tasks", c_uint64),
        ("descriptors", c_uint64),
        ("deadlines", c_uint64),
        ("steps", c_uint64),
        ("resumptions", c_uint64),
        ("events", c_uint64),
        ("busy", c_double),
        ("idle", c_double),
        ("longest", c_double),
        ("longest_task", c_uint64),
        ("longest_name", c_char * 64),
        ("reserved", c_uint64 * 8),
    ]


class cq_ready(Structure):
    task: int
    data: Optional[int]
    fired: Optional[int]
    count: int
    ahead: Optional[int]
    reserved: int
    _fields_ = [
        ("task", c_uint64),
        ("data", c_void_p),
        ("fired", c_void_p),
        ("count", c_size_t),
        ("ahead", c_void_p),
        ("reserved", c_uint64),
    ]


class cq_operation(Structure):
    task: int
    kind: int
    flags: int
    format: int
    mode: int
    object: Optional[int]
    data: Optional[int]
    size: int
    timeout: float
    reserved: int
    _fields_ = [
        ("task", c_uint64),
        ("kind", c_uint32),
        ("flags", c_uint32),
        ("format", c_uint32),
        ("mode", c_uint32),
        ("object", c_void_p),
        ("data", c_void_p),
        ("size", c_size_t),
        ("timeout", c_double),
        ("reserved", c_uint64),
    ]


class cq_result(Structure):
    task: int
    data: Optional[int]
    kind: int
    code: int
    object: Optional[int]
    bytes: Optional[int]
    size: int
    events: int
    reserved: Array[c_uint32]
    _fields_ = [
        ("task", c_uint64),
        ("data", c_void_p),
        ("kind", c_uint32),
        ("code", c_int),
        ("object", c_void_p),
        ("bytes", c_void_p),
        ("size", c_size_t),
        ("events", c_uint32),
        ("reserved", c_uint32 * 3),
    ]


FUNCTIONS: list[tuple[str, Any, tuple[Any, ...]]] = [
    ("cq_clock_advance", c_int, (c_double,)),
    ("cq_clock_set_rate", c_int, (c_double,)),
    ("cq_set_log", None, (c_void_p, c_void_p)),
    ("cq_version", c_int, ()),
    ("cq_vendor", c_char_p, ()),
    ("cq_monotime", c_double, ()),
    ("cq_strerror", c_char_p, (c_int,)),
    ("cq_errno_name", c_char_p, (c_int,)),
    ("cq_errno_code", c_int, (c_char_p, c_void_p)),
    ("cq_errno_list", c_int, (c_size_t, c_void_p, c_void_p)),
    ("cq_address_parse", c_int, (c_char_p, c_int, c_void_p)),
    ("cq_address_path", c_int, (c_void_p, c_size_t, c_void_p)),
    ("cq_address_name", c_int, (c_void_p, c_void_p)),
    ("cq_options_new", c_int, (c_void_p,)),
    ("cq_options_free", None, (c_void_p,)),
    ("cq_options_host", c_int, (c_void_p, c_char_p, c_int)),
    ("cq_options_service", c_int, (c_void_p, c_char_p, c_char_p)),
    ("cq_options_path", c_int, (c_void_p, c_void_p, c_size_t)),
    ("cq_options_bind", c_int, (c_void_p, c_char_p, c_int)),
    ("cq_options_sendname", c_int, (c_void_p, c_char_p)),
    ("cq_options_bind_path", c_int, (c_void_p, c_void_p, c_size_t)),
    ("cq_options_set", c_int, (c_void_p, c_uint32, c_int)),
    ("cq_socket_configure", c_int, (c_void_p, c_void_p)),
    ("cq_socket_option", c_int, (c_void_p, c_uint32, c_void_p)),
    ("cq_socket_setsockopt", c_int, (c_void_p, c_int, c_int, c_void_p, c_size_t)),
    ("cq_socket_getsockopt", c_int, (c_void_p, c_int, c_int, c_void_p, c_void_p)),
    ("cq_interest_pollfd", c_int, (c_void_p,)),
    ("cq_controller_new", c_int, (c_void_p,)),
    ("cq_controller_free", None, (c_void_p,)),
    ("cq_controller_close", c_int, (c_void_p,)),
    ("cq_controller_set_order", c_int, (c_void_p, c_uint32)),
    ("cq_controller_order", c_uint32, (c_void_p,)),
    ("cq_controller_empty", c_bool, (c_void_p,)),
    ("cq_controller_count", c_size_t, (c_void_p,)),
    ("cq_controller_cancel", c_int, (c_void_p, c_int)),
    ("cq_controller_pause", c_int, (c_void_p, c_void_p, c_size_t)),
    ("cq_controller_pollfd", c_int, (c_void_p, c_void_p)),
    ("cq_controller_events", c_uint32, (c_void_p,)),
    ("cq_controller_timeout", c_double, (c_void_p,)),
    ("cq_controller_alert", c_int, (c_void_p,)),
    ("cq_controller_post", c_int, (c_void_p, c_void_p, c_void_p)),
    ("cq_controller_stop", c_int, (c_void_p,)),
    ("cq_controller_failure", c_int, (c_void_p, c_void_p)),
    ("cq_controller_set_data", c_int, (c_void_p, c_void_p)),
    ("cq_controller_data", c_void_p, (c_void_p,)),
    ("cq_controller_shutdown", c_int, (c_void_p, c_double)),
    ("cq_controller_shuts_down", c_bool, (c_void_p,)),
    ("cq_controller_reset", c_int, (c_void_p,)),
    ("cq_running", c_int, (c_void_p, c_void_p)),
    ("cq_controller_set_hooks", c_int, (c_void_p, c_void_p, c_void_p, c_void_p)),
    ("cq_controller_wait", c_int, (c_void_p, c_double, c_uint32)),
    ("cq_controller_step", c_int, (c_void_p, c_double)),
    ("cq_controller_loop", c_int, (c_void_p, c_double)),
    ("cq_task_cancel", c_int, (c_void_p, c_uint64, c_char_p)),
    ("cq_task_status", c_int, (c_void_p, c_uint64)),
    ("cq_task_reason", c_char_p, (c_void_p, c_uint64)),
    ("cq_task_fail", c_int, (c_void_p, c_uint64, c_int, c_char_p)),
    ("cq_task_join", c_int, (c_void_p, c_uint64, c_double, c_void_p)),
    ("cq_task_set_data", c_int, (c_void_p, c_uint64, c_void_p)),
    ("cq_task_data", c_void_p, (c_void_p, c_uint64)),
    ("cq_task_scope", c_int, (c_void_p, c_uint64, c_void_p)),
    ("cq_controller_attach", c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    ("cq_controller_wrap", c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    ("cq_controller_set_stack_size", c_int, (c_void_p, c_size_t)),
    ("cq_task_set_name", c_int, (c_void_p, c_uint64, c_char_p)),
    ("cq_task_name", c_char_p, (c_void_p, c_uint64)),
    ("cq_controller_park", c_int, (c_void_p, c_uint64, c_void_p, c_size_t)),
    ("cq_controller_finish", c_int, (c_void_p, c_uint64)),
    ("cq_poll", c_int, (c_void_p, c_size_t, c_void_p)),
    ("cq_sleep", c_int, (c_double,)),
    ("cq_cancel", c_int, (c_int,)),
    ("cq_condition_new", c_int, (c_bool, c_void_p)),
    ("cq_condition_free", None, (c_void_p,)),
    ("cq_condition_set_name", c_int, (c_void_p, c_char_p)),
    ("cq_condition_signal", c_int, (c_void_p, c_size_t, c_void_p)),
    ("cq_condition_wait", c_int, (c_void_p, c_double)),
    ("cq_scope_parent", c_void_p, (c_void_p,)),
    ("cq_scope_name", c_char_p, (c_void_p,)),
    ("cq_scope_new", c_int, (c_void_p, c_void_p, c_void_p)),
    ("cq_scope_free", None, (c_void_p,)),
    ("cq_scope_attach", c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    ("cq_scope_wrap", c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    ("cq_scope_begin", c_int, (c_void_p, c_uint64)),
    ("cq_scope_end", c_int, (c_void_p, c_uint64)),
    ("cq_scope_deadline", c_int, (c_void_p, c_double)),
    ("cq_scope_shield", c_int, (c_void_p, c_double)),
    ("cq_scope_cancel", c_int, (c_void_p, c_int, c_char_p)),
    ("cq_scope_set_supervisor", c_int, (c_void_p, c_bool)),
    ("cq_scope_set_idle", c_int, (c_void_p, c_bool)),
    ("cq_scope_count", c_size_t, (c_void_p,)),
    ("cq_scope_status", c_int, (c_void_p,)),
    ("cq_scope_reason", c_char_p, (c_void_p,)),
    ("cq_scope_failure", c_int, (c_void_p, c_void_p)),
    ("cq_scope_set_name", c_int, (c_void_p, c_char_p)),
    ("cq_scope_set_data", c_int, (c_void_p, c_void_p)),
    ("cq_scope_data", c_void_p, (c_void_p,)),
    ("cq_scope_wait", c_int, (c_void_p,)),
    ("cq_scope_park", c_int, (c_void_p, c_uint64)),
    ("cq_queue_new", c_int, (c_size_t, c_void_p)),
    ("cq_queue_free", None, (c_void_p,)),
    ("cq_queue_put", c_int, (c_void_p, c_void_p, c_double)),
    ("cq_queue_try_put", c_int, (c_void_p, c_void_p)),
    ("cq_queue_get", c_int, (c_void_p, c_double, c_void_p)),
    ("cq_queue_try_get", c_int, (c_void_p, c_void_p)),
    ("cq_queue_post", c_int, (c_void_p, c_void_p, c_void_p)),
    ("cq_queue_close", c_int, (c_void_p,)),
    ("cq_queue_count", c_size_t, (c_void_p,)),
    ("cq_semaphore_new", c_int, (c_size_t, c_void_p)),
    ("cq_semaphore_free", None, (c_void_p,)),
    ("cq_semaphore_acquire", c_int, (c_void_p, c_double)),
    ("cq_semaphore_try_acquire", c_int, (c_void_p,)),
    ("cq_semaphore_release", c_int, (c_void_p, c_size_t)),
    ("cq_semaphore_count", c_size_t, (c_void_p,)),
    ("cq_mutex_new", c_int, (c_void_p,)),
    ("cq_mutex_free", c_int, (c_void_p,)),
    ("cq_mutex_lock", c_int, (c_void_p, c_double)),
    ("cq_mutex_try_lock", c_int, (c_void_p,)),
    ("cq_mutex_unlock", c_int, (c_void_p,)),
    ("cq_socket_connect", c_int, (c_void_p, c_void_p)),
    ("cq_socket_listen", c_int, (c_void_p, c_void_p)),
    ("cq_socket_pair", c_int, (c_int, c_void_p, c_void_p)),
    ("cq_socket_adopt", c_int, (c_int, c_void_p)),
    ("cq_socket_dup", c_int, (c_int, c_void_p)),
    ("cq_socket_free", None, (c_void_p,)),
    ("cq_socket_close", c_int, (c_void_p,)),
    ("cq_socket_abort", c_int, (c_void_p,)),
    ("cq_socket_release", c_int, (c_void_p, c_void_p)),
    ("cq_socket_phase", c_char_p, (c_void_p,)),
    ("cq_socket_try_establish", c_int, (c_void_p,)),
    ("cq_socket_establish", c_int, (c_void_p,)),
    ("cq_socket_try_listen", c_int, (c_void_p,)),
    ("cq_socket_try_accept", c_int, (c_void_p, c_void_p)),
    ("cq_socket_accept", c_int, (c_void_p, c_void_p)),
    ("cq_socket_shutdown", c_int, (c_void_p, c_int)),
    ("cq_socket_pollfd", c_int, (c_void_p,)),
    ("cq_socket_events", c_uint32, (c_void_p,)),
    ("cq_socket_poll_timeout", c_double, (c_void_p,)),
    ("cq_socket_peername", c_int, (c_void_p, c_void_p)),
    ("cq_socket_localname", c_int, (c_void_p, c_void_p)),
    ("cq_socket_peereid", c_int, (c_void_p, c_void_p, c_void_p)),
    ("cq_socket_peerpid", c_int, (c_void_p, c_void_p)),
    ("cq_socket_stat", c_int, (c_void_p, c_uint32, c_void_p)),
    ("cq_socket_set_data", c_int, (c_void_p, c_void_p)),
    ("cq_socket_data", c_void_p, (c_void_p,)),
    ("cq_socket_reason", c_int, (c_void_p, c_char_p, c_size_t)),
    ("cq_socket_try_sendv", c_int, (c_void_p, c_void_p, c_size_t, c_uint32, c_void_p)),
    ("cq_socket_writev", c_int, (c_void_p, c_void_p, c_size_t)),
    ("cq_socket_try_recv_into", c_int, (c_void_p, c_void_p, c_size_t, c_uint32, c_uint32, c_void_p)),
    ("cq_socket_read_into", c_int, (c_void_p, c_void_p, c_size_t, c_void_p)),
    ("cq_socket_try_sendfile", c_int, (c_void_p, c_int, c_uint64, c_size_t, c_void_p)),
    ("cq_socket_sendfile", c_int, (c_void_p, c_int, c_uint64, c_size_t, c_void_p)),
    ("cq_socket_eof", c_bool, (c_void_p, c_uint32)),
    ("cq_socket_uncork", c_int, (c_void_p,)),
    ("cq_socket_try_recv", c_int, (c_void_p, c_uint32, c_size_t, c_uint32, c_uint32, c_void_p, c_void_p)),
    ("cq_socket_try_recv_body", c_int, (c_void_p, c_void_p, c_size_t, c_uint32, c_uint32, c_void_p, c_void_p)),
    ("cq_socket_read", c_int, (c_void_p, c_uint32, c_size_t, c_void_p, c_void_p)),
    ("cq_socket_try_fill", c_int, (c_void_p, c_size_t)),
    ("cq_socket_fill", c_int, (c_void_p, c_size_t)),
    ("cq_socket_unget", c_int, (c_void_p, c_void_p, c_size_t)),
    ("cq_socket_pending", c_size_t, (c_void_p, c_uint32)),
    ("cq_socket_try_send", c_int, (c_void_p, c_void_p, c_size_t, c_uint32, c_void_p)),
    ("cq_socket_write", c_int, (c_void_p, c_void_p, c_size_t)),
    ("cq_socket_try_flush", c_int, (c_void_p, c_uint32)),
    ("cq_socket_flush", c_int, (c_void_p,)),
    ("cq_socket_try_finish", c_int, (c_void_p,)),
    ("cq_socket_finish", c_int, (c_void_p,)),
    ("cq_socket_readable", None, (c_void_p,)),
    ("cq_socket_add_events", None, (c_void_p, c_uint32)),
    ("cq_socket_clear_events", None, (c_void_p,)),
    ("cq_mode_parse", c_uint32, (c_char_p, c_size_t)),
    ("cq_mode_change", c_uint32, (c_uint32, c_uint32)),
    ("cq_mode_format", c_int, (c_uint32, c_uint32, c_char_p)),
    ("cq_socket_set_hold", c_int, (c_void_p, c_uint32)),
    ("cq_socket_hold", c_uint32, (c_void_p,)),
    ("cq_socket_mode", c_uint32, (c_void_p, c_uint32)),
    ("cq_socket_set_mode", c_int, (c_void_p, c_uint32, c_uint32)),
    ("cq_socket_bufsiz", c_size_t, (c_void_p, c_uint32)),
    ("cq_socket_set_bufsiz", c_int, (c_void_p, c_uint32, c_size_t)),
    ("cq_socket_maxline", c_size_t, (c_void_p, c_uint32)),
    ("cq_socket_set_maxline", c_int, (c_void_p, c_uint32, c_size_t)),
    ("cq_socket_timeout", c_double, (c_void_p,)),
    ("cq_socket_set_timeout", c_int, (c_void_p, c_double)),
    ("cq_socket_error", c_int, (c_void_p, c_uint32)),
    ("cq_socket_set_error", c_int, (c_void_p, c_uint32, c_int, c_void_p)),
    ("cq_socket_try_recvfrom", c_int, (c_void_p, c_void_p, c_size_t, c_void_p, c_void_p, c_void_p)),
    ("cq_socket_recvfrom", c_int, (c_void_p, c_void_p, c_size_t, c_void_p, c_void_p, c_void_p)),
    ("cq_socket_try_sendto", c_int, (c_void_p, c_void_p, c_size_t, c_void_p)),
    ("cq_socket_sendto", c_int, (c_void_p, c_void_p, c_size_t, c_void_p)),
    ("cq_socket_try_recv_batch", c_int, (c_void_p, c_void_p, c_size_t, c_void_p)),
    ("cq_socket_try_send_batch", c_int, (c_void_p, c_void_p, c_size_t, c_void_p)),
    ("cq_socket_try_sendfd", c_int, (c_void_p, c_void_p, c_size_t, c_int)),
    ("cq_socket_sendfd", c_int, (c_void_p, c_void_p, c_size_t, c_int)),
    ("cq_socket_try_recvfd", c_int, (c_void_p, c_void_p, c_size_t, c_void_p, c_void_p)),
    ("cq_socket_recvfd", c_int, (c_void_p, c_void_p, c_size_t, c_void_p, c_void_p)),
    ("cq_socket_join", c_int, (c_void_p, c_void_p, c_char_p)),
    ("cq_socket_leave", c_int, (c_void_p, c_void_p, c_char_p)),
    ("cq_socket_set_multicast_interface", c_int, (c_void_p, c_char_p)),
    ("cq_tls_new", c_int, (c_uint32, c_void_p)),
    ("cq_tls_adopt_context", c_int, (c_void_p, c_uint32, c_void_p)),
    ("cq_tls_adopt_ssl", c_int, (c_void_p, c_uint32, c_void_p)),
    ("cq_tls_free", None, (c_void_p,)),
    ("cq_tls_certificate", c_int, (c_void_p, c_char_p, c_char_p)),
    ("cq_tls_authorities", c_int, (c_void_p, c_char_p)),
    ("cq_tls_verify", c_int, (c_void_p, c_uint32)),
    ("cq_tls_name", c_int, (c_void_p, c_char_p)),
    ("cq_tls_alpn", c_int, (c_void_p, c_char_p)),
    ("cq_tls_context", c_void_p, (c_void_p,)),
    ("cq_tls_certificate_pem", c_int, (c_void_p, c_void_p, c_size_t, c_void_p, c_size_t)),
    ("cq_tls_authorities_pem", c_int, (c_void_p, c_void_p, c_size_t)),
    ("cq_tls_password", c_int, (c_void_p, c_char_p)),
    ("cq_tls_versions", c_int, (c_void_p, c_uint32, c_uint32)),
    ("cq_tls_ciphers", c_int, (c_void_p, c_char_p)),
    ("cq_tls_suites", c_int, (c_void_p, c_char_p)),
    ("cq_tls_groups", c_int, (c_void_p, c_char_p)),
    ("cq_tls_add_name", c_int, (c_void_p, c_char_p, c_void_p)),
    ("cq_tls_keylog", c_int, (c_void_p, c_char_p)),
    ("cq_tls_revoked", c_int, (c_void_p, c_char_p, c_bool)),
    ("cq_tls_staple", c_int, (c_void_p, c_char_p)),
    ("cq_tls_staple_der", c_int, (c_void_p, c_void_p, c_size_t)),
    ("cq_tls_staples", c_int, (c_void_p, c_uint32)),
    ("cq_tls_reason", c_int, (c_void_p, c_char_p, c_size_t)),
    ("cq_socket_set_strict", c_int, (c_void_p, c_bool)),
    ("cq_socket_strict", c_bool, (c_void_p,)),
    ("cq_socket_truncated", c_bool, (c_void_p,)),
    ("cq_socket_try_starttls", c_int, (c_void_p, c_void_p)),
    ("cq_socket_starttls", c_int, (c_void_p, c_void_p)),
    ("cq_socket_listen_tls", c_int, (c_void_p, c_void_p, c_size_t)),
    ("cq_socket_checktls", c_void_p, (c_void_p,)),
    ("cq_socket_sharetls", c_void_p, (c_void_p,)),
    ("cq_socket_resumed", c_bool, (c_void_p,)),
    ("cq_socket_alpn", c_int, (c_void_p, c_char_p, c_size_t)),
    ("cq_socket_tls_fact", c_int, (c_void_p, c_uint32, c_size_t, c_char_p, c_size_t, c_void_p)),
    ("cq_socket_tls_expiry", c_int, (c_void_p, c_void_p)),
    ("cq_dns_addresses", c_int, (c_void_p, c_char_p, c_int, c_double, c_void_p, c_void_p)),
    ("cq_dns_sort", c_int, (c_void_p, c_size_t)),
    ("cq_dns_clear_cache", None, ()),
    ("cq_dns_configure", c_int, (c_void_p, c_void_p, c_void_p)),
    ("cq_dns_reverse_name", c_int, (c_void_p, c_char_p, c_size_t)),
    ("cq_dns_reverse", c_int, (c_void_p, c_void_p, c_double, c_void_p)),
    ("cq_dns_services", c_int, (c_void_p, c_char_p, c_double, c_void_p, c_void_p)),
    ("cq_dns_config_new", c_int, (c_void_p,)),
    ("cq_dns_config_stub", c_int, (c_void_p,)),
    ("cq_dns_config_root", c_int, (c_void_p,)),
    ("cq_dns_config_free", None, (c_void_p,)),
    ("cq_dns_config_load", c_int, (c_void_p, c_void_p, c_size_t, c_int, c_char_p)),
    ("cq_dns_config_loadpath", c_int, (c_void_p, c_char_p, c_int)),
    ("cq_dns_config_set", c_int, (c_void_p, c_char_p, c_char_p)),
    ("cq_dns_config_set_tls", c_int, (c_void_p, c_void_p)),
    ("cq_dns_config_get", c_int, (c_void_p, c_char_p, c_char_p, c_size_t)),
    ("cq_dns_config_list", c_int, (c_void_p, c_int, c_size_t, c_char_p, c_size_t, c_void_p)),
    ("cq_dns_config_clear", c_int, (c_void_p, c_int)),
    ("cq_dns_config_add", c_int, (c_void_p, c_int, c_char_p)),
    ("cq_dns_config_candidate", c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
    ("cq_dns_config_format", c_int, (c_void_p, c_char_p, c_size_t, c_void_p)),
    ("cq_dns_hints_new", c_int, (c_void_p,)),
    ("cq_dns_hints_stub", c_int, (c_void_p, c_void_p)),
    ("cq_dns_hints_root", c_int, (c_void_p,)),
    ("cq_dns_hints_free", None, (c_void_p,)),
    ("cq_dns_hints_insert", c_int, (c_void_p, c_char_p, c_char_p, c_int)),
    ("cq_dns_hints_insert_config", c_int, (c_void_p, c_char_p, c_void_p)),
    ("cq_dns_hints_grep", c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, c_void_p)),
    ("cq_dns_hints_format", c_int, (c_void_p, c_char_p, c_size_t, c_void_p)),
    ("cq_dns_hosts_new", c_int, (c_void_p,)),
    ("cq_dns_hosts_stub", c_int, (c_void_p,)),
    ("cq_dns_hosts_free", None, (c_void_p,)),
    ("cq_dns_hosts_load", c_int, (c_void_p, c_void_p, c_size_t, c_char_p)),
    ("cq_dns_hosts_loadpath", c_int, (c_void_p, c_char_p)),
    ("cq_dns_hosts_insert", c_int, (c_void_p, c_char_p, c_char_p, c_bool)),
    ("cq_dns_hosts_warning", c_int, (c_void_p, c_size_t, c_char_p, c_size_t, c_void_p)),
    ("cq_dns_hosts_format", c_int, (c_void_p, c_char_p, c_size_t, c_void_p)),
    ("cq_dns_resolver_new", c_int, (c_void_p, c_void_p, c_void_p, c_void_p)),
    ("cq_dns_resolver_free", None, (c_void_p,)),
    ("cq_dns_resolver_close", c_int, (c_void_p,)),
    ("cq_dns_resolver_is_closed", c_bool, (c_void_p,)),
    ("cq_dns_resolver_submit", c_int, (c_void_p, c_char_p, c_uint, c_uint)),
    ("cq_dns_resolver_try_fetch", c_int, (c_void_p, c_void_p)),
    ("cq_dns_resolver_query", c_int, (c_void_p, c_char_p, c_uint, c_uint, c_double, c_void_p)),
    ("cq_dns_resolver_known", c_int, (c_void_p, c_char_p, c_int, c_void_p, c_void_p)),
    ("cq_dns_resolver_cancel", c_int, (c_void_p,)),
    ("cq_dns_resolver_pollfd", c_int, (c_void_p,)),
    ("cq_dns_resolver_events", c_uint, (c_void_p,)),
    ("cq_dns_resolver_timeout", c_double, (c_void_p,)),
    ("cq_dns_resolver_stat", c_int, (c_void_p, c_void_p)),
    ("cq_dns_resolver_reason", c_int, (c_void_p, c_char_p, c_size_t, c_void_p)),
    ("cq_dns_resolvers_new", c_int, (c_void_p, c_void_p, c_void_p, c_void_p)),
    ("cq_dns_resolvers_free", None, (c_void_p,)),
    ("cq_dns_resolvers_set_limit", c_int, (c_void_p, c_size_t)),
    ("cq_dns_resolvers_query", c_int, (c_void_p, c_char_p, c_uint, c_uint, c_double, c_void_p)),
    ("cq_dns_packet_new", c_int, (c_size_t, c_void_p)),
    ("cq_dns_packet_parse", c_int, (c_void_p, c_size_t, c_void_p)),
    ("cq_dns_packet_free", None, (c_void_p,)),
    ("cq_dns_packet_load", c_int, (c_void_p, c_void_p, c_size_t)),
    ("cq_dns_packet_dump", c_int, (c_void_p, c_void_p, c_void_p)),
    ("cq_dns_packet_qid", c_uint, (c_void_p,)),
    ("cq_dns_packet_set_qid", c_int, (c_void_p, c_uint)),
    ("cq_dns_packet_flags", c_uint, (c_void_p,)),
    ("cq_dns_packet_set_flags", c_int, (c_void_p, c_uint)),
    ("cq_dns_packet_rcode", c_uint, (c_void_p,)),
    ("cq_dns_packet_count", c_size_t, (c_void_p, c_uint)),
    ("cq_dns_packet_push", c_int, (c_void_p, c_uint, c_char_p, c_uint, c_uint, c_uint32, c_void_p, c_size_t)),
    ("cq_dns_packet_grep", c_int, (c_void_p, c_void_p, c_void_p, c_void_p)),
    ("cq_dns_packet_format", c_int, (c_void_p, c_char_p, c_size_t, c_void_p)),
    ("cq_dns_record_name", c_int, (c_void_p, c_char_p, c_size_t, c_void_p)),
    ("cq_dns_record_format", c_int, (c_void_p, c_char_p, c_size_t, c_void_p)),
    ("cq_dns_record_number", c_int, (c_void_p, c_char_p, c_void_p)),
    ("cq_dns_record_text", c_int, (c_void_p, c_char_p, c_char_p, c_size_t, c_void_p)),
    ("cq_dns_record_address", c_int, (c_void_p, c_void_p, c_void_p)),
    ("cq_dns_record_copy", c_int, (c_void_p, c_void_p, c_size_t, c_void_p, c_void_p)),
    ("cq_dns_type_number", c_int, (c_char_p, c_void_p)),
    ("cq_dns_class_number", c_int, (c_char_p, c_void_p)),
    ("cq_dns_type_name", c_int, (c_uint, c_char_p, c_size_t)),
    ("cq_dns_rcode_name", c_int, (c_uint, c_char_p, c_size_t)),
    ("cq_dns_list", c_int, (c_uint, c_size_t, c_char_p, c_size_t, c_void_p)),
    ("cq_dns_type_member", c_int, (c_uint, c_size_t, c_char_p, c_size_t, c_void_p)),
    ("cq_timer_new", c_int, (c_void_p,)),
    ("cq_timer_free", None, (c_void_p,)),
    ("cq_timer_start", c_int, (c_void_p, c_double, c_double)),
    ("cq_timer_start_at", c_int, (c_void_p, c_double, c_double)),
    ("cq_timer_stop", c_int, (c_void_p,)),
    ("cq_timer_timeout", c_double, (c_void_p,)),
    ("cq_timer_try_wait", c_int, (c_void_p, c_void_p)),
    ("cq_timer_wait", c_int, (c_void_p, c_double, c_void_p)),
    ("cq_wakeup_new", c_int, (c_void_p,)),
    ("cq_wakeup_free", None, (c_void_p,)),
    ("cq_wakeup_raise", c_int, (c_void_p,)),
    ("cq_wakeup_try_wait", c_int, (c_void_p,)),
    ("cq_wakeup_wait", c_int, (c_void_p, c_double)),
    ("cq_wakeup_pollfd", c_int, (c_void_p,)),
    ("cq_pool_new", c_int, (c_char_p, c_size_t, c_void_p)),
    ("cq_pool_free", None, (c_void_p,)),
    ("cq_pool_run", c_int, (c_void_p, c_void_p, c_void_p, c_void_p)),
    ("cq_pool_waiting", c_size_t, (c_void_p,)),
    ("cq_file_open", c_int, (c_void_p, c_char_p, c_int, c_uint32, c_void_p)),
    ("cq_file_read", c_int, (c_void_p, c_int, c_void_p, c_size_t, c_int64, c_void_p)),
    ("cq_file_write", c_int, (c_void_p, c_int, c_void_p, c_size_t, c_int64, c_void_p)),
    ("cq_file_sync", c_int, (c_void_p, c_int)),
    ("cq_signal_listen", c_int, (c_void_p, c_size_t, c_void_p)),
    ("cq_signal_free", None, (c_void_p,)),
    ("cq_signal_try_wait", c_int, (c_void_p, c_void_p)),
    ("cq_signal_wait", c_int, (c_void_p, c_double, c_void_p)),
    ("cq_signal_set_timeout", c_int, (c_void_p, c_double)),
    ("cq_signal_pollfd", c_int, (c_void_p,)),
    ("cq_signal_events", c_uint32, (c_void_p,)),
    ("cq_signal_timeout", c_double, (c_void_p,)),
    ("cq_signal_features", c_uint32, ()),
    ("cq_signal_block", c_int, (c_void_p, c_size_t)),
    ("cq_signal_unblock", c_int, (c_void_p, c_size_t)),
    ("cq_signal_ignore", c_int, (c_void_p, c_size_t)),
    ("cq_signal_default", c_int, (c_void_p, c_size_t)),
    ("cq_signal_discard", c_int, (c_void_p, c_size_t)),
    ("cq_signal_raise", c_int, (c_void_p, c_size_t)),
    ("cq_strsignal", c_char_p, (c_int,)),
    ("cq_signal_name", c_char_p, (c_int,)),
    ("cq_signal_number", c_int, (c_char_p, c_void_p)),
    ("cq_signal_list", c_int, (c_size_t, c_void_p, c_void_p)),
    ("cq_thread_start", c_int, (c_void_p, c_void_p, c_void_p, c_void_p)),
    ("cq_thread_free", None, (c_void_p,)),
    ("cq_thread_self", c_int, (c_void_p,)),
    ("cq_thread_equal", c_bool, (c_void_p, c_void_p)),
    ("cq_thread_explain", c_int, (c_char_p, c_size_t)),
    ("cq_thread_join", c_int, (c_void_p, c_double, c_void_p)),
    ("cq_thread_reason", c_char_p, (c_void_p, c_void_p)),
    ("cq_thread_pollfd", c_int, (c_void_p,)),
    ("cq_process_options_new", c_int, (c_void_p,)),
    ("cq_process_options_free", None, (c_void_p,)),
    ("cq_process_options_argument", c_int, (c_void_p, c_char_p)),
    ("cq_process_options_variable", c_int, (c_void_p, c_char_p, c_char_p)),
    ("cq_process_options_directory", c_int, (c_void_p, c_char_p)),
    ("cq_process_options_stream", c_int, (c_void_p, c_int, c_uint32, c_int)),
    ("cq_process_options_set", c_int, (c_void_p, c_uint32, c_int)),
    ("cq_process_spawn", c_int, (c_void_p, c_void_p)),
    ("cq_process_free", None, (c_void_p,)),
    ("cq_process_pid", c_int, (c_void_p,)),
    ("cq_process_stdin", c_int, (c_void_p, c_void_p)),
    ("cq_process_stdout", c_int, (c_void_p, c_void_p)),
    ("cq_process_stderr", c_int, (c_void_p, c_void_p)),
    ("cq_process_wait", c_int, (c_void_p, c_double, c_void_p, c_void_p)),
    ("cq_process_try_wait", c_int, (c_void_p, c_void_p, c_void_p)),
    ("cq_process_kill", c_int, (c_void_p, c_int)),
    ("cq_process_pollfd", c_int, (c_void_p,)),
    ("cq_process_timeout", c_double, (c_void_p,)),
    ("cq_notify_opendir", c_int, (c_char_p, c_uint32, c_uint32, c_void_p)),
    ("cq_notify_free", None, (c_void_p,)),
    ("cq_notify_add", c_int, (c_void_p, c_char_p, c_uint32)),
    ("cq_notify_match", c_int, (c_void_p, c_char_p, c_uint32)),
    ("cq_notify_try_get", c_int, (c_void_p, c_void_p, c_void_p, c_void_p)),
    ("cq_notify_get", c_int, (c_void_p, c_double, c_void_p, c_void_p, c_void_p)),
    ("cq_notify_step", c_int, (c_void_p,)),
    ("cq_notify_pollfd", c_int, (c_void_p,)),
    ("cq_notify_events", c_uint32, (c_void_p,)),
    ("cq_notify_timeout", c_double, (c_void_p,)),
    ("cq_notify_features", c_uint32, ()),
    ("cq_notify_name", c_char_p, (c_uint32,)),
    ("cq_controller_inspect", c_int, (c_void_p, c_char_p)),
    ("cq_controller_tasks", c_int, (c_void_p, c_void_p, c_size_t, c_void_p)),
    ("cq_controller_set_counting", c_int, (c_void_p, c_bool)),
    ("cq_controller_stat", c_int, (c_void_p, c_void_p)),
    ("cq_controller_recall", c_int, (c_void_p,)),
    ("cq_controller_wants_places", c_bool, (c_void_p,)),
    ("cq_task_set_place", c_int, (c_void_p, c_uint64, c_char_p)),
    ("cq_scope_add", c_int, (c_void_p, c_void_p, c_void_p)),
    ("cq_controller_add", c_int, (c_void_p, c_void_p, c_void_p)),
    ("cq_controller_enter", c_int, (c_void_p,)),
    ("cq_controller_leave", c_int, (c_void_p,)),
    ("cq_controller_next", c_int, (c_void_p, c_void_p)),
    ("cq_controller_begin", c_int, (c_void_p, c_double, c_uint32, c_void_p)),
    ("cq_batch_new", c_int, (c_void_p, c_size_t, c_void_p)),
    ("cq_batch_free", None, (c_void_p,)),
    ("cq_batch_memory", c_int, (c_void_p, c_void_p, c_void_p)),
    ("cq_batch_step", c_int, (c_void_p, c_void_p, c_size_t, c_double, c_void_p, c_size_t, c_void_p)),
]
