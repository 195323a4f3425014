/* Many peers in one process: each joins an index server, adds its documents, checks every echo, and stays.
 *
 *   swarm HOST PORT PEERS SHELF NUMBERS FIRST_NUMBER FIRST_PEER
 *
 * Peer p is called peerP.lab. Its shelf are SHELF of the NUMBERS documents from FIRST_NUMBER on: all of them when
 * both are the same, else a subset by chance, the same one in every run. Names, ports and titles are those of
 * bench/wording.py. When every record is acknowledged, one line of JSON says how many and in how many seconds. Then it
 * obeys standard input: `leave N` closes the last N connections and answers `left`; the end of input ends it all.
 */
#include "wire.h"

enum { AT_ONCE = 200, IN_FLIGHT = 64, MESSAGE = 256, STALL_SECONDS = 60 };

typedef struct {
    int fd;
    uint32_t peer;
    uint32_t next, left;   /* the number to decide about next, and how many it still has to add */
    uint32_t waiting[IN_FLIGHT], first, count; /* numbers whose echo has to come, in order */
    uint64_t chance;
    char out[IN_FLIGHT * MESSAGE], echo[MESSAGE]; /* what is to be sent; what has to come next */
    size_t out_size, out_sent, echo_size, echo_seen;
} Peer;

static uint32_t peer_count, shelf_size, number_count, first_number, first_peer;
static uint32_t joined, active;
static uint64_t records;
static int epoll_fd, *descriptors;

static uint64_t draw(Peer *p) {
    p->chance ^= p->chance << 13, p->chance ^= p->chance >> 7, p->chance ^= p->chance << 17;
    return p->chance;
}

/* Choose the next document of the shelf: each of those left with the same chance. */
static uint32_t next_number(Peer *p) {
    for (;;) {
        uint32_t candidates = first_number + number_count - p->next, number = p->next++;
        if (candidates <= p->left || draw(p) % candidates < p->left) return p->left--, number;
    }
}

static size_t write_add(char *to, uint32_t peer, uint32_t number) {
    return (size_t)sprintf(to, "ADD RFC %u P2P-CI/1.0\r\nHost: peer%u.lab\r\nPort: %u\r\n"
                               "Title: Document number %u of the made ones, measured\r\n\r\n",
                           number, peer, 1024 + peer % 60000, number);
}

static size_t write_echo(char *to, uint32_t peer, uint32_t number) {
    return (size_t)sprintf(to, "P2P-CI/1.0 200 OK\r\n\r\nRFC %u Document number %u of the made ones, measured "
                               "peer%u.lab %u\r\n\r\n",
                           number, number, peer, 1024 + peer % 60000);
}

static void send_adds(Peer *p) {
    while (true) {
        if (p->out_sent == p->out_size) {
            p->out_sent = p->out_size = 0;
            for (; p->count < IN_FLIGHT && p->left; p->count++) {
                uint32_t number = next_number(p);
                p->waiting[(p->first + p->count) % IN_FLIGHT] = number;
                p->out_size += write_add(p->out + p->out_size, p->peer, number);
            }
            if (!p->out_size) break;
        }
        ssize_t sent = write(p->fd, p->out + p->out_sent, p->out_size - p->out_sent);
        if (sent < 0 && errno != EAGAIN) die("swarm: send");
        p->out_sent += sent < 0 ? 0 : (size_t)sent;
        if (p->out_sent < p->out_size) break;
    }
    struct epoll_event event = {.events = p->out_size ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = p};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, p->fd, &event)) die("swarm: epoll_ctl");
}

static void check_echoes(Peer *p, const char *data, size_t size) {
    while (size) {
        if (!p->echo_size && p->count) p->echo_size = write_echo(p->echo, p->peer, p->waiting[p->first]);
        size_t due = p->echo_size - p->echo_seen, part = size < due ? size : due;
        if (!part || memcmp(data, p->echo + p->echo_seen, part)) {
            fprintf(stderr, "swarm: a wrong answer\n expected: %.*s\n got: %.*s\n", (int)p->echo_size, p->echo,
                    (int)(size < 300 ? size : 300), data);
            exit(1);
        }
        p->echo_seen += part, data += part, size -= part;
        if (p->echo_seen < p->echo_size) continue;
        p->echo_seen = p->echo_size = 0;
        p->first = (p->first + 1) % IN_FLIGHT;
        p->count--, records++;
    }
}

static void join(Peer *p) {
    *p = (Peer){.peer = first_peer + joined, .next = first_number, .left = shelf_size};
    p->chance = 0x9e3779b97f4a7c15u * (p->peer + 1);
    p->fd = descriptors[joined++] = open_to_target(false, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = p};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, p->fd, &event)) die("swarm: epoll_ctl");
    active++;
    send_adds(p);
}

static void go_on(Peer *p, uint32_t events) {
    static char data[64 * 1024];
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        ssize_t got = read(p->fd, data, sizeof data);
        if (!got || (got < 0 && errno != EAGAIN)) die("swarm: the server closed a connection");
        if (got > 0) check_echoes(p, data, (size_t)got);
    }
    if (p->left || p->out_size) return send_adds(p);
    if (p->count) return;
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, p->fd, NULL);
    active--;
    if (joined < peer_count) join(p);
}

static void fill(void) {
    uint32_t room = peer_count < AT_ONCE ? peer_count : AT_ONCE;
    Peer *peers = calloc(room, sizeof *peers);
    if (!peers) die("swarm: memory");
    for (uint32_t i = 0; i < room; i++) join(&peers[i]);
    while (active) {
        struct epoll_event events[AT_ONCE];
        int count = epoll_wait(epoll_fd, events, AT_ONCE, STALL_SECONDS * 1000);
        if (!count) errno = ETIMEDOUT;
        if (count <= 0) die("swarm: no answer comes");
        for (int i = 0; i < count; i++) go_on(events[i].data.ptr, events[i].events);
    }
    free(peers);
}

static void obey(void) {
    char line[64];
    uint32_t open = peer_count, wanted;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "leave %u", &wanted) != 1) continue;
        while (wanted-- && open) close(descriptors[--open]);
        puts("left");
        fflush(stdout);
    }
}

int main(int argc, char **argv) {
    if (argc != 8) return fprintf(stderr, "usage: swarm HOST PORT PEERS SHELF NUMBERS FIRST_NUMBER FIRST_PEER\n"), 2;
    allow_many_files();
    set_target(argv[1], argv[2]);
    peer_count = (uint32_t)atoi(argv[3]), shelf_size = (uint32_t)atoi(argv[4]);
    number_count = (uint32_t)atoi(argv[5]), first_number = (uint32_t)atoi(argv[6]);
    first_peer = (uint32_t)atoi(argv[7]);
    if (!peer_count || shelf_size > number_count) return 2;
    descriptors = calloc(peer_count, sizeof *descriptors);
    epoll_fd = epoll_create1(0);
    uint64_t begin = now_ns();
    fill();
    printf("{\"records\": %llu, \"seconds\": %.4f}\n", (unsigned long long)records, (double)(now_ns() - begin) / 1e9);
    fflush(stdout);
    obey();
    return 0;
}
