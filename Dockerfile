# The service and the command line, without torch: bundles are fitted elsewhere, served here.
#   docker build -t unsung .
#   docker run -p 127.0.0.1:8000:8000 -v ./shop:/shop unsung
FROM python:3.11.13-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/unsung
ENV PATH=/opt/unsung/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src ./src
RUN pip install -c constraints.txt .

FROM python:3.11.13-slim-bookworm
# LightGBM's own library needs it.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /shop --shell /usr/sbin/nologin \
    unsung && mkdir /shop && chown unsung:unsung /shop
COPY --from=build /opt/unsung /opt/unsung
ENV PATH=/opt/unsung/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/shop \
    OMP_NUM_THREADS=1 \
    UNSUNG_SERVE_HOST=0.0.0.0
USER unsung
WORKDIR /shop
VOLUME /shop
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
ENTRYPOINT ["unsung"]
# The address can be reached by others, so this refuses to start before there is a key or an account:
#   docker run --rm -v ./shop:/shop unsung keys add --store shop.db
CMD ["serve", "bundle"]
