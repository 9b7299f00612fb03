# The image of both processes: `docker build -t cronwright .`
#
# The one RUN step makes a directory that holds all there is, a Python included, so the final
# stage takes any image with the glibc of the first one's release. It is tested without a builder:
# tests/image/ does what these lines say and starts the result on an otherwise empty root.

# The Python that the tests run on.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY dev/image/install.py dev/image/
COPY operator operator
RUN ["python3", "dev/image/install.py", "/opt/cronwright"]

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="cronwright"
LABEL org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/cronwright /opt/cronwright
ENV PATH=/opt/cronwright/bin:/usr/bin:/bin
ENV LD_LIBRARY_PATH=/opt/cronwright/lib
ENV HOME=/tmp
USER 10001:10001
ENTRYPOINT ["cronwright"]
