# The index server, or a peer, from the wheel.
#
#   docker build -t p2pci .
#   docker run --network host p2pci                         the index server on port 7734
#   docker run --network host -v "$PWD/rfcs:/shelf" p2pci peer INDEX --library /shelf --no-menu
#
# INDEX is the host of the index server. The folder behind /shelf has to be writable for user 7734 when the
# peer is to keep downloads there. --network host (Linux) lets the index see where peers really are; with
# published ports every peer would seem to sit at the address of Docker's own network, and peers would have
# to say with --advertise HOST:PORT (and the server trust with --trust-hosts) where they can be reached.

FROM python:3.12-slim AS build
WORKDIR /build
RUN python -m venv /opt/p2pci
COPY requirements/run.txt requirements/
RUN /opt/p2pci/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/p2pci/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/p2pci/bin/pip install --no-deps dist/p2pci-*.whl

FROM python:3.12-slim
COPY --from=build /opt/p2pci /opt/p2pci
RUN useradd --system --uid 7734 --no-create-home p2pci \
    && install --directory --owner p2pci --group p2pci /shelf
ENV PATH="/opt/p2pci/bin:$PATH" PYTHONUNBUFFERED=1
USER p2pci
WORKDIR /shelf
VOLUME /shelf
EXPOSE 7734
ENTRYPOINT ["p2pci"]
CMD ["server"]
