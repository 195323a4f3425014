/* The limit that this machine sets: an epoll server that reads what comes, counts the blank lines that end requests,
 * and sends a constant answer for each. It parses nothing and knows nothing.
 *
 *   limit ANSWER-FILE      prints the port of 127.0.0.1 that it listens on, and runs until it is killed
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, READ = 64 * 1024 };

static char answers[BATCH * 4096];
static size_t answer_size;
static unsigned char matched[65536]; /* per descriptor: how much of CR LF CR LF was seen */

static int count_requests(int fd, const char *data, ssize_t size) {
    static const char end[] = "\r\n\r\n";
    int found = 0, seen = matched[fd];
    for (ssize_t i = 0; i < size; i++) {
        seen = data[i] == end[seen] ? seen + 1 : data[i] == '\r';
        if (seen == 4) found++, seen = 0;
    }
    matched[fd] = (unsigned char)seen;
    return found;
}

static int serve(int fd) {
    static char data[READ];
    ssize_t got = read(fd, data, sizeof data);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    for (int due = count_requests(fd, data, got); due > 0; due -= BATCH) {
        size_t left = (size_t)(due < BATCH ? due : BATCH) * answer_size;
        for (const char *at = answers; left;) {
            ssize_t sent = write(fd, at, left); /* blocking: the load generator reads all the time */
            if (sent < 0) return 0;
            at += sent, left -= (size_t)sent;
        }
    }
    return 1;
}

int main(int argc, char **argv) {
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file) return fprintf(stderr, "usage: limit ANSWER-FILE\n"), 2;
    answer_size = fread(answers, 1, 4096, file);
    for (int i = 1; i < BATCH; i++) memcpy(answers + (size_t)i * answer_size, answers, answer_size);

    int on = 1, listening = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    setsockopt(listening, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(listening, (struct sockaddr *)&address, size) || listen(listening, 4096)) return perror("limit"), 1;
    getsockname(listening, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    int epoll_fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listening}, events[256];
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listening, &event);
    for (;;) {
        int count = epoll_wait(epoll_fd, events, 256, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listening) {
                fd = accept(listening, NULL, NULL);
                if (fd < 0 || fd > 65535) continue;
                matched[fd] = 0;
                event.data.fd = fd;
                epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
            } else if (!serve(fd)) {
                close(fd);
            }
        }
    }
}
