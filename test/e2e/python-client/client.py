"""The Python client of the Kubernetes project, as its users use it, in a process of its own.

Follows the config maps of one namespace and does what stdin says, a JSON array a line: ["create", NAME], ["patch", NAME, DATA],
... It prints a JSON line for each event and each answer, and ends with stdin.
"""

import json
import os
import socket
import ssl
import sys
import threading
from urllib.parse import urlsplit

from kubernetes import client, config, dynamic, watch

NAMESPACE = sys.argv[2]
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap"}
printing = threading.Lock()


def say(**line):
    with printing:
        print(json.dumps(line), flush=True)


def facts(config_map):
    return {"name": config_map.metadata.name, "version": config_map.metadata.resource_version, "data": config_map.data}


def follow(core):
    try:
        for event in watch.Watch().stream(core.list_namespaced_config_map, NAMESPACE):
            say(event=event["type"], **facts(event["object"]))
        say(event="end")
    except Exception as error:  # whatever it is, the test shall see it
        say(event="end", error=repr(error))


def strict():
    """A handshake with the checks of RFC 5280 that Python makes by default from 3.13 on."""
    settings = client.Configuration.get_default_copy()
    server = urlsplit(settings.host)
    context = ssl.create_default_context(cafile=settings.ssl_ca_cert)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_connection((server.hostname, server.port)) as plain:
        with context.wrap_socket(plain, server_hostname=server.hostname) as secure:
            return secure.version()


def applied(name, data):
    manifest = {**CONFIG_MAP, "metadata": {"name": name}, "data": data}
    maps = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")
    return maps.server_side_apply(body=manifest, namespace=NAMESPACE, field_manager="python").to_dict()["data"]


def main():
    config.load_kube_config(sys.argv[1])
    core = client.CoreV1Api()
    commands = {
        "strict": strict,
        "list": lambda: [facts(one) for one in core.list_namespaced_config_map(NAMESPACE).items],
        "list selected": lambda selector: [
            one.metadata.name for one in core.list_namespaced_config_map(NAMESPACE, label_selector=selector).items
        ],
        "list pages": lambda limit: pages(core, limit),
        "read": lambda name: facts(core.read_namespaced_config_map(name, NAMESPACE)),
        "create": lambda name: facts(
            core.create_namespaced_config_map(NAMESPACE, client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name)))
        ),
        "patch": lambda name, data: facts(core.patch_namespaced_config_map(name, NAMESPACE, {"data": data})),
        "replace": lambda name, data: facts(replaced(core, name, data)),
        "apply": applied,
        "delete": lambda name: core.delete_namespaced_config_map(name, NAMESPACE) and "gone",
    }
    threading.Thread(target=follow, args=[core], daemon=True).start()
    for line in sys.stdin:
        what, *arguments = json.loads(line)
        try:
            say(answer=commands[what](*arguments))
        except client.ApiException as error:
            say(answer=None, status=error.status, body=json.loads(error.body))
        except Exception as error:
            say(answer=None, error=repr(error))
    os._exit(0)  # the watch waits for the next event


def pages(core, limit):
    names, token = [], None
    while token != "":
        page = core.list_namespaced_config_map(NAMESPACE, limit=limit, _continue=token)
        names.append([one.metadata.name for one in page.items])
        token = page.metadata._continue or ""
    return names


def replaced(core, name, data):
    config_map = core.read_namespaced_config_map(name, NAMESPACE)
    config_map.data = data
    return core.replace_namespaced_config_map(name, NAMESPACE, config_map)


main()
