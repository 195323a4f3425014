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
 *           of the length given (bytes are compared as far as the file has them).
 *
 * Prints one line of JSON: requests, seconds, bytes received, errors, and latencies in microseconds. The first
 * wrong answer is shown on standard error. The run is bounded by SECONDS plus five.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { MAX_IN_FLIGHT = 1024, BUFFER = 256 * 1024, BUCKETS = 1 << 20, GRACE_SECONDS = 5 };

typedef struct {
    uint32_t request_size, answer_size;
    const char *request, *answer;
} Exchange;

typedef struct {
    int fd;
    bool is_writing;          /* waits for room in the socket's buffer */
    uint32_t next;            /* the exchange to send next */
    uint32_t sent_of_next;    /* how much of it is out */
    uint32_t oldest, waiting; /* ring of exchanges in flight */
    uint32_t exchange[MAX_IN_FLIGHT];
    uint64_t sent_at[MAX_IN_FLIGHT];
    uint64_t received;        /* bytes of the oldest one's answer */
    uint32_t head_matched;    /* once: how much of CR LF CR LF was seen */
    bool in_body;
} Connection;

static Exchange *exchanges;
static uint32_t exchange_count, connection_count, in_flight;
static bool is_shared, is_drain, is_once;
static struct sockaddr_in target;
static int epoll_fd;
static bool is_over;
static uint64_t requests, bytes, errors, histogram[BUCKETS], worst_us;
static char buffer[BUFFER];

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void read_exchanges(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *data = malloc((size_t)size + 1);
    if (!data || fread(data, 1, (size_t)size, file) != (size_t)size) die(path);
    fclose(file);
    uint32_t room = 0;
    for (long at = 0; at + 8 <= size;) {
        if (exchange_count == room) {
            room = room ? room * 2 : 1024;
            exchanges = realloc(exchanges, room * sizeof *exchanges);
            if (!exchanges) die("memory");
        }
        Exchange *e = &exchanges[exchange_count++];
        memcpy(&e->request_size, data + at, 4);
        memcpy(&e->answer_size, data + at + 4, 4);
        e->request = data + at + 8;
        e->answer = e->request + e->request_size;
        long end = at + 8 + e->request_size + e->answer_size;
        at = end;
    }
}

static void note_latency(uint64_t sent_at) {
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

static void watch(Connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll_fd, operation, c->fd, &event)) die("epoll_ctl");
}

static void open_connection(Connection *c) {
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0) die("socket");
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (is_once) fcntl(c->fd, F_SETFL, O_NONBLOCK);
    if (connect(c->fd, (struct sockaddr *)&target, sizeof target) && errno != EINPROGRESS) die("connect");
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->received = 0;
    c->head_matched = 0;
    c->in_body = false;
    c->oldest = c->waiting = 0;
    c->is_writing = is_once;
    watch(c, EPOLL_CTL_ADD, is_once ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static bool take_next(Connection *c) {
    uint32_t step = is_shared ? 1 : connection_count;
    if (is_drain && c->next >= exchange_count) return false;
    c->next += step;
    if (!is_drain && c->next >= exchange_count) c->next = is_shared ? 0 : c->next % connection_count % exchange_count;
    return true;
}

/* Send as many requests as may be in flight, all in one system call where they fit. */
static void send_more(Connection *c) {
    struct iovec parts[64];
    while (!is_over && c->waiting < in_flight && !(is_drain && c->next >= exchange_count)) {
        uint32_t count = 0, next_before = c->next;
        uint64_t now = now_ns();
        uint32_t planned = 0, sizes[64];
        while (count < 64 && c->waiting + planned < in_flight && !(is_drain && c->next >= exchange_count)) {
            Exchange *e = &exchanges[c->next];
            uint32_t skip = planned ? 0 : c->sent_of_next;
            parts[count] = (struct iovec){(char *)e->request + skip, e->request_size - skip};
            sizes[planned] = e->request_size - skip;
            uint32_t slot = (c->oldest + c->waiting + planned) % MAX_IN_FLIGHT;
            c->exchange[slot] = c->next;
            c->sent_at[slot] = now;
            count++, planned++;
            take_next(c);
        }
        ssize_t sent = writev(c->fd, parts, (int)count);
        if (sent < 0 && errno != EAGAIN) die("send");
        uint64_t left = sent < 0 ? 0 : (uint64_t)sent;
        uint32_t whole = 0;
        while (whole < planned && left >= sizes[whole]) left -= sizes[whole++];
        c->waiting += whole;
        if (whole == planned) {
            c->sent_of_next = 0;
            continue;
        }
        c->sent_of_next = (whole ? 0 : c->sent_of_next) + (uint32_t)left;
        c->next = whole ? c->exchange[(c->oldest + c->waiting) % MAX_IN_FLIGHT] : next_before;
        if (!c->is_writing) watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        c->is_writing = true;
        return;
    }
    if (c->is_writing) watch(c, EPOLL_CTL_MOD, EPOLLIN);
    c->is_writing = false;
}

static void note_wrong(const char *what, const Exchange *e, const char *got, size_t size) {
    if (!errors++)
        fprintf(stderr, "load: %s\n asked: %.*s\n got: %.*s\n", what, (int)e->request_size, e->request,
                (int)(size < 300 ? size : 300), got);
}

/* Compare received bytes with the answers that are due, in order. */
static void check_answers(Connection *c, const char *data, size_t size) {
    while (size) {
        if (!c->waiting) {
            errors++;
            return;
        }
        Exchange *e = &exchanges[c->exchange[c->oldest]];
        size_t due = e->answer_size - c->received, part = size < due ? size : due;
        if (memcmp(data, e->answer + c->received, part)) {
            note_wrong("a wrong answer", e, data, size);
            is_over = true;
            return;
        }
        c->received += part, data += part, size -= part;
        if (c->received == e->answer_size) {
            note_latency(c->sent_at[c->oldest]);
            c->received = 0;
            c->oldest = (c->oldest + 1) % MAX_IN_FLIGHT;
            c->waiting--;
        }
    }
}

/* once: skip the head, compare the body as far as it is known. */
static void check_body(Connection *c, const char *data, size_t size) {
    Exchange *e = &exchanges[c->exchange[c->oldest]];
    static const char blank[] = "\r\n\r\n";
    while (size && !c->in_body) {
        c->head_matched = *data == blank[c->head_matched] ? c->head_matched + 1 : *data == '\r';
        c->in_body = c->head_matched == 4;
        data++, size--;
    }
    if (!size) return;
    if (c->received + size > e->answer_size || memcmp(data, e->answer + c->received, size)) note_wrong("a wrong body", e, data, size);
    c->received += size;
}

static void read_some(Connection *c) {
    ssize_t got = read(c->fd, buffer, sizeof buffer);
    if (got < 0 && errno == EAGAIN) return;
    if (got > 0) {
        bytes += (uint64_t)got;
        if (is_once)
            check_body(c, buffer, (size_t)got);
        else
            check_answers(c, buffer, (size_t)got);
        if (!is_once) send_more(c);
        return;
    }
    if (!is_once || c->received != exchanges[c->exchange[c->oldest]].answer_size) {
        note_wrong("an early end", &exchanges[c->exchange[c->oldest]], "", 0);
        if (!is_once) is_over = true;
    } else {
        note_latency(c->sent_at[c->oldest]);
    }
    close(c->fd);
    if (!is_over) open_connection(c);
}

int main(int argc, char **argv) {
    if (argc != 8) {
        fprintf(stderr, "usage: load HOST PORT EXCHANGES CONNECTIONS IN_FLIGHT SECONDS shared|split|drain|once\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    target.sin_family = AF_INET;
    target.sin_port = htons((uint16_t)atoi(argv[2]));
    if (inet_pton(AF_INET, argv[1], &target.sin_addr) != 1 || (ntohl(target.sin_addr.s_addr) >> 24) != 127) {
        fprintf(stderr, "load: %s is not on loopback; only servers of this machine are measured\n", argv[1]);
        return 2;
    }
    read_exchanges(argv[3]);
    connection_count = (uint32_t)atoi(argv[4]);
    in_flight = (uint32_t)atoi(argv[5]);
    double seconds = atof(argv[6]);
    is_shared = !strcmp(argv[7], "shared");
    is_drain = !strcmp(argv[7], "drain");
    is_once = !strcmp(argv[7], "once");
    if (is_once) in_flight = 1, is_shared = true;
    if (!exchange_count || in_flight > MAX_IN_FLIGHT || !connection_count) return 2;

    epoll_fd = epoll_create1(0);
    Connection *connections = calloc(connection_count, sizeof *connections);
    for (uint32_t i = 0; i < connection_count; i++) {
        connections[i].next = is_shared ? (uint32_t)((uint64_t)i * exchange_count / connection_count) : i % exchange_count;
        open_connection(&connections[i]);
    }
    uint64_t begin = now_ns(), end = begin + (uint64_t)(seconds * 1e9), last = begin;
    for (uint32_t i = 0; i < connection_count; i++)
        if (!is_once) send_more(&connections[i]);
    while (!is_over) {
        struct epoll_event events[256];
        int count = epoll_wait(epoll_fd, events, 256, 100);
        for (int i = 0; i < count && !is_over; i++) {
            Connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) send_more(c);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_some(c);
        }
        last = now_ns();
        if (is_drain && requests >= exchange_count) break;
        if (last >= (is_drain ? begin + (uint64_t)GRACE_SECONDS * 12000000000u : end)) is_over = true;
    }
    double took = (double)(last - begin) / 1e9;
    printf("{\"requests\": %llu, \"seconds\": %.4f, \"per_second\": %.0f, \"bytes\": %llu, \"errors\": %llu, "
           "\"p50_us\": %.0f, \"p90_us\": %.0f, \"p99_us\": %.0f, \"max_us\": %llu}\n",
           (unsigned long long)requests, took, (double)requests / took, (unsigned long long)bytes,
           (unsigned long long)errors, percentile(0.5), percentile(0.9), percentile(0.99), (unsigned long long)worst_us);
    return errors ? 1 : 0;
}
