"""Validates Kubernetes objects strictly: a field that the schema doesn't know is a fault.

usage: objects.py VERSION,VERSION HTTP_ROUTE_SCHEMA FILE...

Says faults on standard error, a line each; all objects, as one JSON map by file, on standard output.
Kubernetes' own kinds are judged by its schemas, for each version. Of the custom resources, those of the
Prometheus operator and of KEDA are judged by models made of their definitions, and HTTPRoute by our schema
of the fields that we use.
"""

import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import pydantic
import yaml


class Strict(yaml.SafeLoader):
    """Refuses a key that a map has already."""


def strict_map(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    for at, key in enumerate(keys):
        if key in keys[:at]:
            line = node.value[at][0].start_mark.line + 1
            raise yaml.YAMLError(f"line {line}: {key} is there twice")
    return loader.construct_mapping(node, deep=True)


Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, strict_map)


def model(kind):
    """The model of a custom resource, or none. Importing it takes seconds, so only what is there is."""
    match kind:
        case ("monitoring.coreos.com/v1", name):
            import cloudcoil.models.prometheus_operator.v1 as models
        case ("keda.sh/v1alpha1", name):
            import cloudcoil.models.keda.v1alpha1 as models
        case _:
            return None
    return getattr(models, name, None)


def faults(thing, versions, http_route):
    kind = (thing.get("apiVersion"), thing.get("kind"))
    if kind == ("gateway.networking.k8s.io/v1", "HTTPRoute"):
        for fault in jsonschema.Draft202012Validator(http_route).iter_errors(thing):
            yield f"{fault.json_path}: {fault.message}"
        return
    if custom := model(kind):
        try:
            custom.model_validate(thing, extra="forbid")
        except pydantic.ValidationError as why:
            for fault in why.errors():
                yield f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        return
    told = set()
    for version in versions:
        try:
            kubernetes_validate.validate(thing, version, strict=True)
            continue
        except kubernetes_validate.ValidationError as why:
            fault = f"{'.'.join(map(str, why.path))}: {why.message}"
        except kubernetes_validate.SchemaNotFoundError:
            fault = f"no schema for {kind[0]} {kind[1]}"
        if fault not in told:
            told.add(fault)
            yield f"{fault}, says Kubernetes {version}"


def main():
    versions, schema, *files = sys.argv[1:]
    http_route = json.loads(pathlib.Path(schema).read_text())
    everything, failed = {}, False
    for file in map(pathlib.Path, files):
        try:
            things = [thing for thing in yaml.load_all(file.read_text(), Strict) if thing]
        except yaml.YAMLError as why:
            print(f"{file.stem}: {' '.join(str(why).split())}", file=sys.stderr)
            failed = True
            continue
        everything[file.stem] = things
        for thing in things:
            name = thing.get("metadata", {}).get("name")
            for fault in faults(thing, versions.split(","), http_route):
                failed = True
                print(f"{file.stem}: {thing.get('kind')}/{name}: {fault}", file=sys.stderr)
    json.dump(everything, sys.stdout)
    return failed


raise SystemExit(main())
