"""k8s/base as it is applied: by kubectl where there is one, else the files that it is made of."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BASE = ROOT / "k8s" / "base"
DRAIN_SECONDS = 30

Node = dict[str, Any]


def assembled(folder: Path) -> list[Node]:
    """Return the resources of a kustomization, without what kustomize would add to their names."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    found: list[Node] = []
    for resource in kustomization.get("resources", []):
        path = folder / resource
        if path.is_dir():
            found += assembled(path)
        else:
            found += yaml.safe_load_all(path.read_text())
    for generator in kustomization.get("configMapGenerator", []):
        data = {name: (folder / name).read_text() for name in generator["files"]}
        metadata = {"name": generator["name"]}
        found.append({"kind": "ConfigMap", "metadata": metadata, "data": data})
    return found


@pytest.fixture(scope="module")
def resources() -> list[Node]:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return assembled(BASE)
    done = subprocess.run(
        [kubectl, "kustomize", str(BASE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture
def pod(resources: list[Node]) -> Node:
    [deployment] = [item for item in resources if item["kind"] == "Deployment"]
    spec: Node = deployment["spec"]["template"]["spec"]
    return spec


@pytest.fixture
def containers(pod: Node) -> dict[str, Node]:
    return {container["name"]: container for container in pod["containers"]}


def config_map(resources: list[Node], pod: Node, volume: str) -> Node:
    """Return the data of the ConfigMap that a volume of the pod shows."""
    [name] = [item["configMap"]["name"] for item in pod["volumes"] if item["name"] == volume]
    [found] = [
        item
        for item in resources
        if item["kind"] == "ConfigMap" and item["metadata"]["name"] == name
    ]
    data: Node = found["data"]
    return data


def test_the_files_are_the_same_without_kubectl(resources: list[Node]) -> None:
    kinds = sorted(item["kind"] for item in resources)
    assert kinds == sorted(item["kind"] for item in assembled(BASE))
    assert kinds == ["ConfigMap", "ConfigMap", "Deployment", "Service"]


def test_the_pod_is_restricted(pod: Node) -> None:
    assert pod["automountServiceAccountToken"] is False
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert all({"emptyDir", "configMap"} & set(volume) for volume in pod["volumes"])


@pytest.mark.parametrize("name", ["envoy", "extproc"])
def test_each_container_is_restricted(containers: dict[str, Node], name: str) -> None:
    assert containers[name]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("name", ["envoy", "extproc"])
def test_each_container_has_requests_limits_and_probes(
    containers: dict[str, Node], name: str
) -> None:
    container = containers[name]
    for part in ("requests", "limits"):
        assert set(container["resources"][part]) == {"cpu", "memory"}
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)


def test_the_processor_is_told_where_everything_is(containers: dict[str, Node]) -> None:
    processor = containers["extproc"]
    assert processor["args"] == ["serve"]
    assert {item["name"]: item["value"] for item in processor["env"]} == {
        "EXTPROC_LISTEN": "unix:/run/extproc/extproc.sock",
        "EXTPROC_ADMIN_LISTEN": "0.0.0.0:8081",
        "EXTPROC_POLICY": "/etc/extproc/policy.yaml",
    }
    assert processor["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert processor["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert {"name": "admin", "containerPort": 8081} in [
        {key: port[key] for key in ("name", "containerPort")} for port in processor["ports"]
    ]


def test_service_links_add_no_settings(pod: Node) -> None:
    assert pod["enableServiceLinks"] is False


def test_both_containers_share_the_socket_in_memory(pod: Node, containers: dict[str, Node]) -> None:
    [volume] = [item for item in pod["volumes"] if item["name"] == "socket"]
    assert volume["emptyDir"]["medium"] == "Memory"
    for container in containers.values():
        assert {"name": "socket", "mountPath": "/run/extproc"} in container["volumeMounts"]


def test_the_gateway_is_the_one_in_envoy(resources: list[Node], pod: Node) -> None:
    text = (ROOT / "envoy" / "gateway.yaml").read_text()
    assert config_map(resources, pod, "envoy-config") == {"gateway.yaml": text}
    assert "path: /run/extproc/extproc.sock" in text


def test_the_policy_can_be_edited_in_place(
    resources: list[Node], pod: Node, containers: dict[str, Node]
) -> None:
    [policy] = config_map(resources, pod, "policy").values()
    assert yaml.safe_load(policy)["kind"] == "Policy"
    [name] = [item["configMap"]["name"] for item in pod["volumes"] if item["name"] == "policy"]
    assert name == "extproc-policy"
    [mount] = [item for item in containers["extproc"]["volumeMounts"] if item["name"] == "policy"]
    assert mount["mountPath"] == "/etc/extproc"
    assert "subPath" not in mount  # Kubernetes does not update what is mounted by subPath


def test_the_pod_outlives_the_drain(pod: Node, containers: dict[str, Node]) -> None:
    hook = containers["extproc"]["lifecycle"]["preStop"]["exec"]["command"][-1]
    [wait] = re.findall(r"time\.sleep\((\d+)\)", hook)
    envoy_stays = containers["envoy"]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert envoy_stays > DRAIN_SECONDS + int(wait)
    assert pod["terminationGracePeriodSeconds"] > envoy_stays


def test_envoy_is_the_version_that_the_gateway_is_tested_with(
    containers: dict[str, Node],
) -> None:
    assert containers["envoy"]["image"] == "envoyproxy/envoy:distroless-v1.40.0"
    assert "/etc/envoy/gateway.yaml" in containers["envoy"]["args"]


def test_envoy_refuses_work_before_its_memory_limit(containers: dict[str, Node]) -> None:
    text = (ROOT / "envoy" / "gateway.yaml").read_text()
    [heap] = re.findall(r"max_heap_size_bytes: (\d+)", text)
    limit = containers["envoy"]["resources"]["limits"]["memory"]
    assert limit.endswith("Mi")
    assert int(limit.removesuffix("Mi")) << 20 > int(heap)


def test_the_service_leads_to_the_gateway(
    resources: list[Node], containers: dict[str, Node]
) -> None:
    [service] = [item for item in resources if item["kind"] == "Service"]
    [deployment] = [item for item in resources if item["kind"] == "Deployment"]
    [port] = service["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (10000, "http")
    assert {"name": "http", "containerPort": 10000} in containers["envoy"]["ports"]
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"]


def test_the_image_runs_as_the_user_of_the_pod(pod: Node) -> None:
    dockerfile = (ROOT / "k8s" / "Dockerfile").read_text()
    security = pod["securityContext"]
    assert f"USER {security['runAsUser']}:{security['runAsGroup']}" in dockerfile
