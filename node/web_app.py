"""The web application of one node: who gets what, the routes, and the order of the filters."""

import itertools
from dataclasses import dataclass

from aiohttp import web

from node.anonymizing import Anonymizing, Spawn
from node.cookies import CookieJarRules
from node.filter_chain import filtered
from node.filters import Filter
from node.filters.access import access_filter
from node.filters.anonymous_session import anonymous_session_filter
from node.filters.errors import errors_filter
from node.filters.login import login_filter
from node.filters.os_auth_type import os_auth_type_filter
from node.filters.request_context import request_context_filter
from node.filters.security import security_filter
from node.filters.starting import starting_filter
from node.filters.xsrf import xsrf_filter, xsrf_token_for
from node.issue_desk import IssueDesk
from node.own_password import OwnPassword
from node.pages.admin.anonymize import anonymize_page_routes
from node.pages.admin.clustering import clustering_routes
from node.pages.admin.edit_user import edit_user_routes
from node.pages.admin.remember_me import remember_me_page_routes
from node.pages.admin.user_actions import user_action_routes
from node.pages.admin.users import user_page_routes
from node.pages.assets import Assets, asset_routes, load_assets
from node.pages.attachment import attachment_routes
from node.pages.captcha import captcha_routes
from node.pages.dashboard import dashboard_routes
from node.pages.gadgets import gadget_routes, gadgets
from node.pages.issue import issue_page_routes
from node.pages.login import login_routes
from node.pages.logout import logout_routes
from node.pages.navigator import navigator_routes
from node.pages.profile import profile_routes
from node.pages.shell import Shell
from node.pages.unsupported_browser import unsupported_browser_routes
from node.pages.websudo import websudo_routes
from node.parts import Node
from node.paths import Paths
from node.profiles import Profiles
from node.request import request_maker
from node.rest.anonymization import anonymization_routes
from node.rest.cluster import cluster_routes
from node.rest.field import field_routes
from node.rest.issue import issue_routes
from node.rest.myself import myself_routes
from node.rest.search import search_routes
from node.rest.server_info import server_info_routes
from node.rest.session import session_routes
from node.rest.user import user_routes
from node.rest.websudo import websudo_resource_routes
from node.router import Router
from node.routes import Route
from node.session_gate import SessionGate
from node.store.server_id import ServerId
from node.unknown_paths import unknown_path_routes
from node.websudo import WebSudo
from shared.clock import AnchorSeal
from shared.serving import low_level_server
from shared.settings import NodeSettings


@dataclass(frozen=True, slots=True)
class Services:
    """What pages, resources and filters share, made once from the parts of a node."""

    paths: Paths
    jar: CookieJarRules
    anonymizing: Anonymizing
    websudo: WebSudo
    profiles: Profiles
    own_password: OwnPassword
    desk: IssueDesk
    assets: Assets
    shell: Shell


def node_server(node: Node, *, spawn: Spawn) -> web.Server:
    """The server users talk to. `spawn` starts work in the background of the node."""
    services = _services(node, spawn)
    routes = [*_rest_routes(node, services), *_page_routes(node, services), *_admin_page_routes(node, services)]
    filters = _filters(node, services)
    router = Router()
    add_routes(router, asset_routes(services.assets), [], services.paths)
    add_routes(router, routes, filters, services.paths)
    for route in unknown_path_routes():
        router.add_unknown(services.paths.to(route.path) if route.path else "", filtered(filters, route))
    return low_level_server(router, request_maker(node.settings.max_body_bytes))


def _services(node: Node, spawn: Spawn) -> Services:
    settings, clock, database = node.settings, node.clock, node.database
    paths, assets = Paths(settings.context_path, settings.base_url, settings.login_rules.login_url), load_assets()
    return Services(
        paths=paths,
        jar=_cookie_jar(settings, paths),
        anonymizing=Anonymizing(database, node.actions, clock, node.life, node_id=settings.node_id, spawn=spawn),
        websudo=WebSudo(timeout_ms=settings.websudo_timeout_s * 1000, is_disabled=settings.websudo_disabled),
        profiles=Profiles(database, node.actions),
        own_password=OwnPassword(database, node.passwords, node.actions, is_read_only=settings.read_only_directory),
        desk=IssueDesk(database, clock, paths=paths),
        assets=assets,
        shell=Shell(settings, node.caches.web_sessions, clock, assets, paths=paths, token_of=xsrf_token_for),
    )


def _cookie_jar(settings: NodeSettings, paths: Paths) -> CookieJarRules:
    return CookieJarRules(
        settings.login_rules,
        session_max_age_s=settings.session_max_age_s,
        remember_me_age_s=settings.remember_me_age_s,
        path=paths.cookie_path,
    )


def _rest_routes(node: Node, services: Services) -> list[Route]:
    return [
        *server_info_routes(node.clock, node.life, paths=services.paths, version=node.settings.version),
        *session_routes(
            node.database, node.logins, node.caches.web_sessions, node.clock, jar=services.jar, paths=services.paths
        ),
        *myself_routes(node.database, services.own_password, paths=services.paths),
        *user_routes(
            node.database,
            node.passwords,
            node.actions,
            services.profiles,
            node.clock,
            paths=services.paths,
            version=node.settings.version,
        ),
        *anonymization_routes(node.database, services.anonymizing, is_clustered=node.settings.is_clustered),
        *cluster_routes(node.database, node.upgrading, node.clock, is_clustered=node.settings.is_clustered),
        *issue_routes(services.desk, paths=services.paths),
        *search_routes(services.desk),
        *field_routes(),
        *websudo_resource_routes(services.websudo),
    ]


def _page_routes(node: Node, services: Services) -> list[Route]:
    shown = gadgets(node.database, services.desk, node.clock)
    return [
        *login_routes(node.clock, services.shell),
        *captcha_routes(node.clock),
        *logout_routes(node.logins, node.caches.web_sessions, node.clock, services.shell, jar=services.jar),
        *unsupported_browser_routes(services.shell, jar=services.jar),
        *dashboard_routes(services.shell, shown, refresh_s=node.settings.gadget_refresh_s),
        *gadget_routes(services.shell, shown),
        *navigator_routes(services.desk, services.shell, jar=services.jar),
        *issue_page_routes(services.desk, services.shell, jar=services.jar),
        *attachment_routes(services.desk, paths=services.paths),
        *profile_routes(node.database, services.own_password, node.actions, services.shell, node.settings),
    ]


def _admin_page_routes(node: Node, services: Services) -> list[Route]:
    return [
        *websudo_routes(node.logins, services.websudo, node.clock, services.shell),
        *user_page_routes(node.database, node.caches, services.shell, version=node.settings.version),
        *user_action_routes(node.database, node.actions, services.shell, node.settings),
        *edit_user_routes(node.database, services.profiles, services.shell, node.settings),
        *anonymize_page_routes(node.database, services.anonymizing, services.shell),
        *remember_me_page_routes(node.database, node.actions, services.shell, node.settings),
        *clustering_routes(node.database, node.clock, services.shell, node.settings, facts=node.delivery.facts),
    ]


def _filters(node: Node, services: Services) -> list[Filter]:
    """In the order in which a request meets them (Seraph's; reference: jira.md 3.1)."""
    gate = SessionGate(
        node.reader,
        node.caches,
        node.clock,
        gate=node.settings.switches.crowd_gate,
        may_trust_caches=node.delivery.may_trust_caches,
    )
    seal = AnchorSeal(node.settings.admin_token.get_secret_value())
    shown_id = node.settings.node_id if node.settings.is_clustered else None
    return [
        request_context_filter(
            node.clock,
            node.caches.web_sessions,
            node.meter,
            seal=seal,
            jar=services.jar,
            node_id=shown_id,
        ),
        errors_filter(services.shell),
        starting_filter(node.life, services.shell),
        login_filter(node.logins, jar=services.jar),
        security_filter(gate, node.logins, node.caches, jar=services.jar),
        os_auth_type_filter(node.settings.login_rules.auth_type_parameter, paths=services.paths),
        anonymous_session_filter(node.caches.web_sessions, node.clock, jar=services.jar),
        xsrf_filter(ServerId(node.database), services.shell, jar=services.jar),
        access_filter(services.websudo, node.clock, services.shell),
    ]


def add_routes(router: Router, routes: list[Route], filters: list[Filter], paths: Paths) -> None:
    """REST resources answer with and without a slash at the end; one client library puts one there."""
    for route in routes:
        handler = filtered(filters, route)
        for path in route.paths:
            spellings = [paths.to(path)]
            if route.is_rest:
                spellings.append(paths.to(path) + "/")
            if path == "/" and paths.context:
                spellings.append(paths.context)
            for spelling, method in itertools.product(spellings, route.methods):
                router.add(method, spelling, handler)
