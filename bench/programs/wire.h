/* What load.c and swarm.c share: the clock, loopback connections, and the end of a run that cannot go on. */
#ifndef WIRE_H
#define WIRE_H
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
#include <time.h>
#include <unistd.h>

static struct sockaddr_storage target;
static socklen_t target_size;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

/* Take the address of a server, which must be on this machine: nobody else is to be loaded by accident. */
static void set_target(const char *host, const char *port) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)&target;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&target;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1 && ntohl(v4->sin_addr.s_addr) >> 24 == 127) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)atoi(port));
        target_size = sizeof *v4;
    } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)atoi(port));
        target_size = sizeof *v6;
    } else {
        fprintf(stderr, "%s is not on loopback; only servers of this machine are measured\n", host);
        exit(2);
    }
}

static void allow_many_files(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

/* Come from one address of loopback after the other: a server remembers the two ends of a closed connection for
 * a minute, and thousands are opened and closed in a second. */
static void come_from_another(int fd) {
    static uint32_t opened;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001 + opened++ % 250)};
    int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&from, sizeof from)) die("bind");
}

/* Open a connection to the target that does not block once it is there; with `at_once`, not before either.
 * `receive_bytes` narrows the kernel's buffer for what comes in; 0 leaves it. */
static int open_to_target(bool at_once, int receive_bytes) {
    int on = 1, fd = socket(target.ss_family, SOCK_STREAM, 0);
    if (fd < 0) die("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_bytes) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    if (at_once) fcntl(fd, F_SETFL, O_NONBLOCK);
    if (at_once && target.ss_family == AF_INET) come_from_another(fd);
    if (connect(fd, (struct sockaddr *)&target, target_size) && errno != EINPROGRESS) die("connect");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

#endif
