# One image for every process of voicebot; the command says which. Build for a GPU with
#   docker build --build-arg BASE=nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04 -t voicebot:gpu .
# and with the voices of Piper with
#   docker build --build-arg VOICES=piper -t voicebot:latest .
ARG BASE=python:3.12-slim-bookworm
FROM ${BASE}

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PATH=/opt/venv/bin:$PATH VOICEBOT_DATA_DIR=/data VOICEBOT_LOG_FORMAT=json

SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# The CUDA base brings no Python; the Python base has it already.
# hadolint ignore=DL3008
RUN if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then \
        apt-get update && apt-get install -y --no-install-recommends python3 python3-venv \
        && rm -rf /var/lib/apt/lists/*; \
    fi

WORKDIR /app
COPY requirements.txt requirements-postgres.txt requirements-piper.txt ./
ARG VOICES=
RUN python3 -m venv /opt/venv \
    && pip install -r requirements.txt -r requirements-postgres.txt ${VOICES:+-r "requirements-${VOICES}.txt"}

COPY pyproject.toml README.md ./
COPY voicebot voicebot
COPY config config
RUN pip install --no-deps --editable . \
    && groupadd --gid 10001 voicebot && useradd --uid 10001 --gid 10001 --no-create-home voicebot \
    && install -d -o voicebot -g voicebot -m 0700 /data

USER 10001:10001
VOLUME /data
EXPOSE 3000 3001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python3", "-m", "voicebot.healthcheck"]
ENTRYPOINT ["voicebot"]
CMD ["serve"]
