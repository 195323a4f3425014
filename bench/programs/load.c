/* A closed-loop load generator: every connection has a fixed number of requests in flight, sends the next one
 * when an answer is whole, and compares every byte of every answer with what it must be.
 *
 *   load HOST PORT EXCHANGES CONNECTIONS IN_FLIGHT SECONDS MODE
 *
 * EXCHANGES is a file of exchanges: request length and answer length (32 bits each, this machine's order), then
 * the bytes of both. MODE is
 *   shared  every connection goes through all exchanges, beginning at another one;
 *   split   exchange i belongs to connection i modulo CONNECTIONS, and goes round there;
 *   drain   like split, but each exchange is sent once, and the run ends with the last answer;
 *   once    a connection for each request, read to its end; the answer is what follows the head's blank line,
 *           of the length given;
 *   whole   like once, but the connection is closed here, when the answer is whole;
 *   slow    like once, but each connection takes 2 KiB every 200 ms, and stays to the end of the run.
 *
 * Prints one line of JSON: requests, seconds, bytes received, errors, connections that got something of an answer,
 * and latencies in microseconds. The first wrong answer is shown on standard error. Nothing runs longer than SECONDS,
 * and two more for the answers that are still under way then.
 */
#include "wire.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum { MAX_IN_FLIGHT = 1024, PARTS = 64, BUFFER = 256 * 1024, BUCKETS = 1 << 20, MAX_ERRORS = 10000 };
enum { REST_NS = 2 * 1000 * 1000 * 1000u };
enum { SLOW_BYTES = 2048, SLOW_BUFFER = 16 * 1024, SLOW_PAUSE_NS = 200 * 1000 * 1000 };

typedef enum { SHARED, SPLIT, DRAIN, KEPT, ONCE, WHOLE, SLOW, MODES } Mode;
static const char *const mode_names[MODES] = {"shared", "split", "drain", "kept", "once", "whole", "slow"};

typedef struct {
    uint32_t request_size, answer_size;
    const char *request, *answer;
} Exchange;

typedef struct {
    int fd;                   /* -1: closed for good */
    bool is_writing;          /* waits for room in the socket's buffer */
    uint32_t next;            /* the exchange to send next */
    uint32_t sent_of_next;    /* how much of it is out */
    uint32_t oldest, waiting; /* ring of exchanges in flight */
    uint32_t exchange[MAX_IN_FLIGHT];
    uint64_t sent_at[MAX_IN_FLIGHT];
    uint64_t received;        /* bytes of the oldest one's answer */
    uint32_t head_matched;    /* documents: how much of CR LF CR LF was seen */
    bool in_body;
} Connection;

static Mode mode;
static bool is_document; /* a connection for each request, and a head before what is compared */
static Exchange *exchanges;
static uint32_t exchange_count, connection_count, in_flight;
static int epoll_fd;
static bool is_over;
static bool is_ending; /* the time is over: what is in flight is awaited, and no longer counted */
static uint64_t in_flight_now;
static uint64_t requests, bytes, errors, served, histogram[BUCKETS], worst_us;
static char buffer[BUFFER];

static void read_exchanges(const char *path) {
    int fd = open(path, O_RDONLY);
    struct stat status;
    if (fd < 0 || fstat(fd, &status)) die(path);
    const char *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (data == MAP_FAILED) die(path);
    close(fd);
    uint32_t room = 0;
    for (long at = 0; at + 8 <= status.st_size;) {
        if (exchange_count == room) {
            room = room ? room * 2 : 1024;
            exchanges = realloc(exchanges, room * sizeof *exchanges);
            if (!exchanges) die("load: memory");
        }
        Exchange *e = &exchanges[exchange_count++];
        memcpy(&e->request_size, data + at, 4);
        memcpy(&e->answer_size, data + at + 4, 4);
        e->request = data + at + 8;
        e->answer = e->request + e->request_size;
        at += 8 + (long)e->request_size + (long)e->answer_size;
    }
}

static void note_latency(uint64_t sent_at) {
    if (is_ending) return;
    uint64_t us = (now_ns() - sent_at) / 1000;
    if (us > worst_us) worst_us = us;
    histogram[us < BUCKETS ? us : BUCKETS - 1]++;
    requests++;
}

static double percentile(double share) {
    uint64_t wanted = (uint64_t)((double)requests * share), seen = 0;
    for (uint32_t us = 0; us < BUCKETS; us++)
        if ((seen += histogram[us]) > wanted) return us;
    return (double)worst_us;
}

static void note_wrong(const char *what, const Connection *c, const char *got, size_t size) {
    const Exchange *e = &exchanges[c->exchange[c->oldest]];
    if (!errors++)
        fprintf(stderr, "load: %s\n asked: %.*s\n got: %.*s\n", what, (int)e->request_size, e->request,
                (int)(size < 300 ? size : 300), got);
    if (!is_document || errors >= MAX_ERRORS) is_over = true;
}

static void watch(Connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll_fd, operation, c->fd, &event)) die("load: epoll_ctl");
}

static void open_connection(Connection *c) {
    c->fd = open_to_target(is_document, mode == SLOW ? SLOW_BUFFER : 0);
    c->received = 0;
    c->head_matched = 0;
    c->in_body = false;
    c->oldest = c->waiting = c->sent_of_next = 0;
    c->is_writing = is_document;
    watch(c, EPOLL_CTL_ADD, is_document ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* In the slow mode nothing wakes a connection that has asked: it takes its share when the time has come. */
static void watch_reading(Connection *c) {
    if (c->is_writing) watch(c, EPOLL_CTL_MOD, mode == SLOW ? 0 : EPOLLIN);
    c->is_writing = false;
}

static bool has_next(const Connection *c) { return mode != DRAIN || c->next < exchange_count; }

static void take_next(Connection *c) {
    c->next += mode == SPLIT || mode == DRAIN ? connection_count : 1;
    if (mode == DRAIN || c->next < exchange_count) return;
    c->next = mode == SPLIT ? c->next % connection_count % exchange_count : 0;
}

/* Plan one system call's worth of requests: fill `parts` and the ring behind what is in flight. */
static uint32_t plan(Connection *c, struct iovec *parts) {
    uint64_t now = now_ns();
    uint32_t planned = 0;
    for (; planned < PARTS && c->waiting + planned < in_flight && has_next(c); planned++) {
        Exchange *e = &exchanges[c->next];
        uint32_t skip = planned ? 0 : c->sent_of_next, slot = (c->oldest + c->waiting + planned) % MAX_IN_FLIGHT;
        parts[planned] = (struct iovec){(char *)e->request + skip, e->request_size - skip};
        c->exchange[slot] = c->next;
        c->sent_at[slot] = now;
        take_next(c);
    }
    return planned;
}

/* Send as many requests as may be in flight. */
static void send_more(Connection *c) {
    struct iovec parts[PARTS];
    uint32_t planned;
    while (!is_over && !is_ending && (planned = plan(c, parts))) {
        uint32_t first = c->exchange[(c->oldest + c->waiting) % MAX_IN_FLIGHT], whole = 0;
        ssize_t sent = writev(c->fd, parts, (int)planned);
        if (sent < 0 && errno != EAGAIN) {
            if (!is_document) die("load: send");
            c->next = first;
            return; /* the read that follows says what is the matter */
        }
        size_t left = sent < 0 ? 0 : (size_t)sent;
        while (whole < planned && left >= parts[whole].iov_len) left -= parts[whole++].iov_len;
        c->waiting += whole;
        in_flight_now += whole;
        if (whole == planned) {
            c->sent_of_next = 0;
            continue;
        }
        c->sent_of_next = (whole ? 0 : c->sent_of_next) + (uint32_t)left;
        c->next = c->exchange[(c->oldest + c->waiting) % MAX_IN_FLIGHT];
        if (!c->is_writing) watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        c->is_writing = true;
        return;
    }
    watch_reading(c);
}

/* Skip the head of a document's answer, and say how many bytes of these belong to it. */
static size_t skip_head(Connection *c, const char *data, size_t size) {
    static const char blank[] = "\r\n\r\n";
    size_t skipped = 0;
    for (; skipped < size && !c->in_body; skipped++) {
        char letter = data[skipped];
        c->head_matched = letter == blank[c->head_matched] ? c->head_matched + 1 : letter == '\r';
        c->in_body = c->head_matched == 4;
    }
    return skipped;
}

/* Compare received bytes with the answers that are due, in order; of kept connections the bodies alone. */
static void check_answers(Connection *c, const char *data, size_t size) {
    while (size) {
        Exchange *e = &exchanges[c->exchange[c->oldest]];
        size_t skipped = mode == KEPT ? skip_head(c, data, size) : 0;
        data += skipped, size -= skipped;
        if (!size) return;
        size_t due = c->waiting ? e->answer_size - c->received : 0, part = size < due ? size : due;
        if (!part || memcmp(data, e->answer + c->received, part)) return note_wrong("a wrong answer", c, data, size);
        c->received += part, data += part, size -= part;
        if (c->received < e->answer_size) return;
        note_latency(c->sent_at[c->oldest]);
        c->received = 0;
        c->in_body = false;
        c->head_matched = 0;
        c->oldest = (c->oldest + 1) % MAX_IN_FLIGHT;
        c->waiting--;
        in_flight_now--;
    }
}

/* Compare the body of a connection's only answer. */
static void check_body(Connection *c, const char *data, size_t size) {
    Exchange *e = &exchanges[c->exchange[c->oldest]];
    size_t skipped = skip_head(c, data, size);
    data += skipped, size -= skipped;
    if (!size) return;
    served += !c->received;
    if (c->received + size > e->answer_size || memcmp(data, e->answer + c->received, size))
        note_wrong("a wrong body", c, data, size);
    c->received += size;
}

static void end_document(Connection *c, bool is_whole) {
    if (is_whole)
        note_latency(c->sent_at[c->oldest]);
    else
        note_wrong("an early end", c, "", 0);
    close(c->fd);
    c->fd = -1;
    if (mode != SLOW && !is_over) open_connection(c);
}

static void read_some(Connection *c, size_t at_most) {
    ssize_t got = read(c->fd, buffer, at_most);
    if (got < 0 && errno == EAGAIN) return;
    if (got > 0 && !is_ending) bytes += (uint64_t)got;
    if (got > 0 && is_document)
        check_body(c, buffer, (size_t)got);
    else if (got > 0)
        check_answers(c, buffer, (size_t)got);
    bool is_whole = c->in_body && c->received == exchanges[c->exchange[c->oldest]].answer_size;
    if (got <= 0 && !is_document)
        note_wrong("an early end", c, "", 0);
    else if (is_document && (got <= 0 || (mode == WHOLE && is_whole)))
        end_document(c, is_whole);
    else if (!is_document)
        send_more(c);
}

static void serve_events(void) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll_fd, events, 256, mode == SLOW ? 10 : 100);
    for (int i = 0; i < count && !is_over; i++) {
        Connection *c = events[i].data.ptr;
        if (events[i].events & EPOLLOUT) send_more(c);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_some(c, sizeof buffer);
    }
}

static void read_slowly(Connection *connections, uint64_t now) {
    static uint64_t due;
    if (mode != SLOW || now < due) return;
    due = now + SLOW_PAUSE_NS;
    for (uint32_t i = 0; i < connection_count; i++)
        if (connections[i].fd >= 0 && connections[i].waiting) read_some(&connections[i], SLOW_BYTES);
}

static double run(Connection *connections, double seconds) {
    uint64_t begin = now_ns(), end = begin + (uint64_t)(seconds * 1e9), now = begin;
    for (uint32_t i = 0; i < connection_count && !is_document; i++) send_more(&connections[i]);
    while (!is_over && now < end && !(mode == DRAIN && requests >= exchange_count)) {
        serve_events();
        now = now_ns();
        read_slowly(connections, now);
    }
    if (mode == DRAIN && requests < exchange_count && !errors++) fprintf(stderr, "load: not all answers came in time\n");
    return (double)(now - begin) / 1e9;
}

/* Take the answers under way, so that the server is idle again, and finds nobody gone to whom it writes. */
static void wait_for_rest(void) {
    uint64_t end = now_ns() + REST_NS;
    is_ending = true;
    while (!is_document && !is_over && in_flight_now && now_ns() < end) serve_events();
}

static bool read_arguments(int argc, char **argv) {
    if (argc != 8) return false;
    set_target(argv[1], argv[2]);
    read_exchanges(argv[3]);
    connection_count = (uint32_t)atoi(argv[4]);
    in_flight = (uint32_t)atoi(argv[5]);
    while (mode < MODES && strcmp(argv[7], mode_names[mode])) mode++;
    is_document = mode >= ONCE;
    if (is_document) in_flight = 1;
    return exchange_count && connection_count && in_flight && in_flight <= MAX_IN_FLIGHT && mode < MODES;
}

int main(int argc, char **argv) {
    allow_many_files();
    signal(SIGPIPE, SIG_IGN);
    if (!read_arguments(argc, argv)) {
        fprintf(stderr, "usage: load HOST PORT EXCHANGES CONNECTIONS IN_FLIGHT SECONDS "
                        "shared|split|drain|kept|once|whole|slow\n");
        return 2;
    }
    epoll_fd = epoll_create1(0);
    Connection *connections = calloc(connection_count, sizeof *connections);
    if (!connections) die("load: memory");
    for (uint32_t i = 0; i < connection_count; i++) {
        bool is_split = mode == SPLIT || mode == DRAIN;
        connections[i].next = is_split ? i : (uint32_t)((uint64_t)i * exchange_count / connection_count);
        if (mode == SPLIT) connections[i].next %= exchange_count;
        open_connection(&connections[i]);
    }
    double took = run(connections, atof(argv[6]));
    wait_for_rest();
    printf("{\"requests\": %llu, \"seconds\": %.6f, \"per_second\": %.1f, \"bytes\": %llu, \"errors\": %llu, "
           "\"served\": %llu, \"p50_us\": %.0f, \"p90_us\": %.0f, \"p99_us\": %.0f, \"max_us\": %llu}\n",
           (unsigned long long)requests, took, (double)requests / took, (unsigned long long)bytes,
           (unsigned long long)errors, (unsigned long long)served, percentile(0.5), percentile(0.9), percentile(0.99),
           (unsigned long long)worst_us);
    return errors ? 1 : 0;
}
