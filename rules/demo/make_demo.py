#!/usr/bin/env python3
"""Writes the demo's events: scenario `ci_runner_before_release` of DETECTIONS section 6, its variant and its twins.

    rules/demo/make_demo.py          writes <scenario>/events/ of every scenario beside this file
    rules/demo/make_demo.py --check  writes nothing, exit 1 if what is there differs

Nothing depends on today, on file dates or on a random source: ids are hashes of names, the background comes from a seeded
generator. What each scenario must lead to stands in its expect.json, which is written by hand and read by tests/e2e.

Every record has the form that its system writes; tests/demo_paths proves the field paths against real logs.
"""
import base64
import datetime
import gzip
import hashlib
import io
import json
import pathlib
import random
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
UTC = datetime.timezone.utc
T0 = datetime.datetime(2026, 3, 11, 14, 0, 0, tzinfo=UTC)   # minute 0: the release job is approved
ACCOUNT = '123456789012'
REGION = 'us-east-1'
ORG = 'acme'
CLUSTER_NODES = ['node-a1', 'node-a2', 'node-b1']
CI_ADDRESS = '192.0.2.20'          # what the cluster's traffic looks like from outside
OFFICE_ADDRESS = '192.0.2.9'
THIEF_ADDRESS = '203.0.113.80'
DROP_ADDRESS = '198.51.100.23'


# --- names to ids -----------------------------------------------------------------------------------------------------------

def digest(*name):
    return hashlib.sha256('/'.join(map(str, name)).encode()).hexdigest()


def number(digits, *name):
    """A number of so many digits that belongs to the name."""
    low = 10 ** (digits - 1)
    return low + int(digest(*name), 16) % (9 * low)


def uuid(*name):
    h = digest(*name)
    return f'{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:32]}'


def base64_of(*name, size=32):
    return base64.b64encode(bytes.fromhex(digest(*name))[:size]).decode()


def example_key(name):
    """A session key id of AWS's length that says of itself that it is an example."""
    letters = ''.join(c for c in base64.b32encode(bytes.fromhex(digest('key', name))).decode() if c.isalnum())
    return 'ASIA' + letters[:9] + 'EXAMPLE'


# --- times ------------------------------------------------------------------------------------------------------------------

def at(minutes=0, seconds=0.0, base=T0):
    return base + datetime.timedelta(minutes=minutes, seconds=seconds)


def iso(t):
    return t.strftime('%Y-%m-%dT%H:%M:%SZ')


def iso_micro(t):
    return t.strftime('%Y-%m-%dT%H:%M:%S.%fZ')


def iso_nano(t, *name):
    return t.strftime('%Y-%m-%dT%H:%M:%S.') + f'{t.microsecond:06d}{number(3, t, *name):03d}Z'


def milliseconds(t):
    return int(t.timestamp() * 1000)


# --- GitHub -----------------------------------------------------------------------------------------------------------------

def user(login):
    bot = login.endswith('[bot]')
    return {'login': login, 'id': number(8, 'user', login), 'node_id': 'U_' + base64_of('user', login, size=9),
            'gravatar_id': '', 'url': f'https://api.github.com/users/{login.replace("[", "%5B").replace("]", "%5D")}',
            'html_url': f'https://github.com/{"apps/" + login[:-5] if bot else login}', 'type': 'Bot' if bot else 'User', 'site_admin': False}


def organization():
    return {'login': ORG, 'id': number(8, 'org', ORG), 'node_id': 'O_' + base64_of('org', ORG, size=9), 'url': f'https://api.github.com/orgs/{ORG}',
            'description': ''}


def short_repository(name):
    return {'id': number(9, 'repo', name), 'node_id': 'R_' + base64_of('repo', name, size=9), 'name': name, 'full_name': f'{ORG}/{name}', 'private': True,
            'owner': {'login': ORG, 'id': number(8, 'org', ORG), 'node_id': 'O_' + base64_of('org', ORG, size=9), 'gravatar_id': '',
                      'url': f'https://api.github.com/users/{ORG}', 'html_url': f'https://github.com/{ORG}', 'type': 'Organization', 'site_admin': False},
            'html_url': f'https://github.com/{ORG}/{name}', 'description': None, 'fork': False, 'url': f'https://api.github.com/repos/{ORG}/{name}'}


def repository(name, pushed_at):
    return short_repository(name) | {
        'created_at': '2023-05-02T09:14:25Z', 'updated_at': '2026-03-02T11:40:03Z', 'pushed_at': pushed_at, 'homepage': None, 'size': number(4, 'size', name),
        'stargazers_count': 0, 'watchers_count': 0, 'language': 'Go', 'has_issues': True, 'has_projects': False, 'has_downloads': True, 'has_wiki': False,
        'has_pages': False, 'forks_count': 0, 'archived': False, 'disabled': False, 'open_issues_count': 4, 'license': None, 'allow_forking': False,
        'is_template': False, 'web_commit_signoff_required': False, 'topics': [], 'visibility': 'private', 'forks': 0, 'open_issues': 4, 'watchers': 0,
        'default_branch': 'main', 'custom_properties': {}}


def workflow(run):
    return {'id': number(8, 'workflow', run.repo, run.workflow), 'node_id': 'W_' + base64_of('workflow', run.repo, run.workflow, size=9), 'name': run.workflow,
            'path': run.path, 'state': 'active', 'created_at': '2024-02-12T08:00:00.000Z', 'updated_at': '2025-11-20T10:12:31.000Z',
            'url': f'https://api.github.com/repos/{ORG}/{run.repo}/actions/workflows/{number(8, "workflow", run.repo, run.workflow)}',
            'html_url': f'https://github.com/{ORG}/{run.repo}/blob/main/{run.path}'}


class Run:
    """A workflow run with one job."""

    def __init__(self, name, repo, workflow_name, actor, event='push', branch='main', environment=None, secrets=(), labels=('ubuntu-latest',), runner=None,
                 run_id=None, job='build'):
        self.name, self.repo, self.workflow, self.actor, self.event, self.branch = name, repo, workflow_name, actor, event, branch
        self.environment, self.secrets, self.labels, self.runner, self.job_name = environment, list(secrets), list(labels), runner, job
        self.id = run_id or 16420000000 + number(7, 'run', name)
        self.job_id = 45100000000 + number(9, 'job', name)
        self.deployment_id = 2300000000 + number(8, 'deployment', name)
        self.run_number = number(3, 'run_number', name)
        self.sha = digest('commit', name)[:40]
        self.parent_sha = digest('commit before', name)[:40]
        self.path = f'.github/workflows/{workflow_name}.yml'
        self.hosted = 'self-hosted' not in labels

    def runner_fields(self, picked):
        if not picked:
            return {'runner_id': None, 'runner_name': None, 'runner_group_id': None, 'runner_group_name': None}
        if self.hosted:
            serial = 1000000000 + number(6, 'hosted', self.name)
            return {'runner_id': serial, 'runner_name': f'GitHub Actions {serial}', 'runner_group_id': 0, 'runner_group_name': 'GitHub Actions'}
        return {'runner_id': number(5, 'runner', self.runner), 'runner_name': self.runner, 'runner_group_id': 7, 'runner_group_name': 'prod-runners'}


class World:
    """Events of all feeds, in the order they are added; written in the order each feed delivers them."""

    def __init__(self):
        self.feeds = {name: [] for name in ('webhooks', 'audit', 'cloudtrail', 'k8s', 'hubble', 'tetragon')}

    def add(self, feed, t, record):
        self.feeds[feed].append((t, len(self.feeds[feed]), record))

    # GitHub webhooks, as a receiver that keeps headers stores them.
    def webhook(self, t, kind, payload, repo=None, sender='github-actions[bot]', delay=1.2, pushed_at=None):
        body = dict(payload)
        if repo:
            body['repository'] = repository(repo, pushed_at if pushed_at is not None else iso(t - datetime.timedelta(hours=2)))
        body['organization'] = organization()
        body['sender'] = user(sender)
        body_text = json.dumps(body, separators=(',', ':'))
        received = t + datetime.timedelta(seconds=delay)
        self.add('webhooks', received, {
            'headers': {'X-GitHub-Event': kind, 'X-GitHub-Delivery': uuid('delivery', kind, t, digest(body_text)), 'X-GitHub-Hook-ID': '443906112',
                        'X-GitHub-Hook-Installation-Target-Type': 'organization', 'X-GitHub-Hook-Installation-Target-ID': str(number(8, 'org', ORG)),
                        'User-Agent': 'GitHub-Hookshot/8e0c6f2', 'Content-Type': 'application/json'},
            'received_at': received.strftime('%Y-%m-%dT%H:%M:%S.') + f'{received.microsecond // 1000:03d}Z', 'payload': body})

    def push(self, t, run):
        author = {'name': run.actor.title(), 'email': f'{run.actor}@acme.example', 'username': run.actor}
        commit = {'id': run.sha, 'tree_id': digest('tree', run.name)[:40], 'distinct': True, 'message': f'Change for {run.name}', 'timestamp': iso(t - datetime.timedelta(minutes=3)),
                  'url': f'https://github.com/{ORG}/{run.repo}/commit/{run.sha}', 'author': author, 'committer': author, 'added': [], 'removed': [], 'modified': ['main.go']}
        self.webhook(t, 'push', {
            'ref': f'refs/heads/{run.branch}', 'before': run.parent_sha, 'after': run.sha, 'pusher': {'name': run.actor, 'email': f'{run.actor}@acme.example'},
            'created': False, 'deleted': False, 'forced': False, 'base_ref': None, 'compare': f'https://github.com/{ORG}/{run.repo}/compare/{run.parent_sha[:12]}...{run.sha[:12]}',
            'commits': [commit], 'head_commit': commit}, run.repo, run.actor, pushed_at=int(t.timestamp()))
        self.audit(t, 'git.push', repo=run.repo, actor=run.actor, **git_fields(run.repo, 'ssh', 'Public Key (User/Deploy)', run.actor, OFFICE_ADDRESS, 'git/2.47.1'))

    def workflow_run(self, t, run, action, created, conclusion=None):
        self.webhook(t, 'workflow_run', {'action': action, 'workflow_run': run_object(run, t, created, 'completed' if conclusion else 'queued', conclusion),
                                         'workflow': workflow(run)}, run.repo, run.actor)
        audit = {'event': run.event, 'head_branch': run.branch, 'head_sha': run.sha, 'name': run.workflow, 'run_attempt': 1, 'run_number': run.run_number,
                 'workflow_id': number(8, 'workflow', run.repo, run.workflow), 'workflow_run_id': run.id, 'started_at': iso(created)[:-1] + '.000Z'}
        if conclusion:
            audit |= {'completed_at': iso(t)[:-1] + '.000Z', 'conclusion': conclusion}
        self.audit(t, 'workflows.completed_workflow_run' if conclusion else 'workflows.created_workflow_run', repo=run.repo, actor=run.actor, **audit)

    def workflow_job(self, t, run, action, created, started=None, conclusion=None):
        picked = action in ('in_progress', 'completed')
        steps = []
        if picked:
            ends = iso(t)[:-1] + '.000Z' if conclusion else None
            steps = [{'name': name, 'status': 'completed' if conclusion else 'in_progress', 'conclusion': conclusion, 'number': i + 1,
                      'started_at': iso(started)[:-1] + '.000Z', 'completed_at': ends} for i, name in enumerate(['Set up job', 'Checkout', 'Build and push'] if conclusion else ['Set up job'])]
        url = f'https://api.github.com/repos/{ORG}/{run.repo}'
        payload = {'action': action, 'workflow_job': {
            'id': run.job_id, 'run_id': run.id, 'workflow_name': run.workflow, 'head_branch': run.branch, 'run_url': f'{url}/actions/runs/{run.id}', 'run_attempt': 1,
            'node_id': 'CR_' + base64_of('job', run.name, size=15), 'head_sha': run.sha, 'url': f'{url}/actions/jobs/{run.job_id}',
            'html_url': f'https://github.com/{ORG}/{run.repo}/actions/runs/{run.id}/job/{run.job_id}', 'status': 'completed' if conclusion else action,
            'conclusion': conclusion, 'created_at': iso(created), 'started_at': iso(started or created), 'completed_at': iso(t) if conclusion else None,
            'name': run.job_name, 'steps': steps, 'check_run_url': f'{url}/check-runs/{run.job_id}', 'labels': run.labels} | run.runner_fields(picked)}
        if run.environment:
            payload['deployment'] = deployment_object(run, created)
        self.webhook(t, 'workflow_job', payload, run.repo, run.actor)

    def deployment_status(self, t, run, state, created):
        url = f'https://api.github.com/repos/{ORG}/{run.repo}/deployments/{run.deployment_id}'
        self.webhook(t, 'deployment_status', {
            'action': 'created',
            'deployment_status': {'url': f'{url}/statuses/{number(9, "status", run.name, state)}', 'id': 4100000000 + number(9, 'status', run.name, state),
                                  'node_id': 'DES_' + base64_of('status', run.name, state, size=15), 'state': state, 'creator': user('github-actions[bot]'), 'description': '',
                                  'environment': run.environment, 'target_url': f'https://github.com/{ORG}/{run.repo}/actions/runs/{run.id}/job/{run.job_id}', 'created_at': iso(t),
                                  'updated_at': iso(t), 'deployment_url': url, 'repository_url': f'https://api.github.com/repos/{ORG}/{run.repo}', 'environment_url': '',
                                  'log_url': f'https://github.com/{ORG}/{run.repo}/actions/runs/{run.id}/job/{run.job_id}', 'performed_via_github_app': None},
            'deployment': deployment_object(run, created), 'workflow_run': run_object(run, t, created, 'in_progress', None)}, run.repo, 'github-actions[bot]')

    def review(self, t, run, action, created, approver=None):
        job = {'id': run.job_id, 'name': run.job_name, 'status': 'waiting', 'conclusion': None,
               'html_url': f'https://github.com/{ORG}/{run.repo}/actions/runs/{run.id}/job/{run.job_id}', 'created_at': iso(created), 'updated_at': iso(t), 'environment': run.environment}
        payload = {'action': action, 'workflow_run': run_object(run, t, created, 'waiting', None) | {'head_repository': short_repository(run.repo), 'repository': short_repository(run.repo)},
                   'since': iso(t)}
        reviewers = [{'type': 'Team', 'reviewer': {'name': 'release', 'id': 7586790, 'node_id': 'T_kwDOB2IIG84Ac8Pm', 'slug': 'release', 'description': '', 'privacy': 'closed',
                                                   'notification_setting': 'notifications_enabled', 'url': f'https://api.github.com/organizations/{number(8, "org", ORG)}/team/7586790',
                                                   'html_url': f'https://github.com/orgs/{ORG}/teams/release', 'permission': 'pull', 'parent': None}}]
        if action == 'requested':
            payload |= {'workflow_job_run': job, 'environment': run.environment, 'reviewers': reviewers, 'requestor': user(run.actor)}
        else:
            payload |= {'workflow_job_runs': [job], 'reviewers': reviewers, 'approver': user(approver), 'comment': 'release train 2.5'}
        self.webhook(t, 'deployment_review', payload, run.repo, approver or run.actor)
        if action == 'approved':
            self.audit(t, 'workflows.approve_workflow_job', repo=run.repo, actor=approver, workflow_run_id=run.id, run_number=run.run_number, run_attempt=1)

    # GitHub audit log, streamed.
    def audit(self, t, action, repo=None, actor=None, **fields):
        t += datetime.timedelta(milliseconds=number(3, action, t))
        record = {'@timestamp': milliseconds(t), '_document_id': base64_of('audit', action, t, repo, actor, size=16).rstrip('='), 'action': action}
        if not action.startswith('git.'):
            record['created_at'] = milliseconds(t)
        if actor:
            record |= {'actor': actor, 'actor_id': number(8, 'user', actor), 'actor_is_bot': actor.endswith('[bot]')}
        record |= {'business': 'acme-inc', 'business_id': 8121, 'org': ORG, 'org_id': number(8, 'org', ORG)}
        if repo:
            record |= {'repo': f'{ORG}/{repo}', 'repo_id': number(9, 'repo', repo), 'public_repo': False}
        self.add('audit', t, record | fields)

    def prepared_job(self, t, run):
        self.audit(t, 'workflows.prepared_workflow_job', repo=run.repo, operation_type='create', event=run.event, workflow_run_id=run.id,
                   workflow_id=number(8, 'workflow', run.repo, run.workflow), run_number=run.run_number, run_attempt=1, head_sha=run.sha, head_branch=run.branch,
                   job_name=run.job_name, job_workflow_ref=f'{ORG}/{run.repo}/{run.path}@refs/heads/{run.branch}', calling_workflow_refs=[],
                   runner_labels=run.labels, runner_owner_type='Organization', is_hosted_runner=run.hosted, environment_name=run.environment or '', secrets_passed=run.secrets)

    # AWS CloudTrail.
    def cloudtrail(self, t, source, name, identity, address, agent, request=None, response=None, read_only=True, **more):
        event_id = uuid('cloudtrail', t, source, name, json.dumps(identity), json.dumps(request))
        record = {'eventVersion': '1.09', 'userIdentity': identity, 'eventTime': iso(t), 'eventSource': source, 'eventName': name, 'awsRegion': REGION, 'sourceIPAddress': address,
                  'userAgent': agent}
        record |= {key: more.pop(key) for key in ('errorCode', 'errorMessage') if key in more}
        record |= {'requestParameters': request, 'responseElements': response, 'requestID': uuid('request', event_id), 'eventID': event_id, 'readOnly': read_only}
        record |= more
        record |= {'eventType': 'AwsApiCall', 'managementEvent': True, 'recipientAccountId': ACCOUNT, 'eventCategory': 'Management'}
        if not address.endswith('.amazonaws.com'):
            record['tlsDetails'] = {'tlsVersion': 'TLSv1.3', 'cipherSuite': 'TLS_AES_128_GCM_SHA256', 'clientProvidedHostHeader': f'{source.split(".")[0]}.{REGION}.amazonaws.com'}
        self.add('cloudtrail', t, record)

    def assume_role(self, t, run, role, address=CI_ADDRESS):
        """The deploy workflow follows our advice: role-session-name is gh-run-<run id>."""
        subject = f'repo:{ORG}/{run.repo}:environment:{run.environment}' if run.environment else f'repo:{ORG}/{run.repo}:ref:refs/heads/{run.branch}'
        provider = f'arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com'
        arn = f'arn:aws:iam::{ACCOUNT}:role/{role}'
        session = f'gh-run-{run.id}'
        principal = 'AROA' + example_key(role)[4:]
        expires = t + datetime.timedelta(hours=1)
        self.cloudtrail(t, 'sts.amazonaws.com', 'AssumeRoleWithWebIdentity',
                        {'type': 'WebIdentityUser', 'principalId': f'{provider}:sts.amazonaws.com:{subject}', 'userName': subject, 'identityProvider': provider}, address, ACTIONS_AGENT,
                        {'roleArn': arn, 'roleSessionName': session, 'durationSeconds': 3600},
                        {'subjectFromWebIdentityToken': subject,
                         'assumedRoleUser': {'assumedRoleId': f'{principal}:{session}', 'arn': f'arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}'},
                         'credentials': {'accessKeyId': example_key(run.name), 'sessionToken': 'EXAMPLE-SESSION-TOKEN', 'expiration': expires.strftime('%b %-d, %Y, %-I:%M:%S %p')},
                         'provider': provider, 'audience': 'sts.amazonaws.com'},
                        resources=[{'accountId': ACCOUNT, 'type': 'AWS::IAM::Role', 'ARN': arn}])
        return {'type': 'AssumedRole', 'principalId': f'{principal}:{session}', 'arn': f'arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}', 'accountId': ACCOUNT,
                'accessKeyId': example_key(run.name),
                'sessionContext': {'sessionIssuer': {'type': 'Role', 'principalId': principal, 'arn': arn, 'accountId': ACCOUNT, 'userName': role},
                                   'webIdFederationData': {'federatedProvider': provider, 'attributes': {}},
                                   'attributes': {'creationDate': iso(t), 'mfaAuthenticated': 'false'}}}

    def registry_login(self, t, identity, address=CI_ADDRESS):
        self.cloudtrail(t, 'ecr.amazonaws.com', 'GetAuthorizationToken', identity, address, 'aws-cli/2.22.35 md/awscrt#0.23.4 ua/2.0 os/linux#6.1.0')

    def put_image(self, t, identity, image, tag, content, address=CI_ADDRESS):
        self.cloudtrail(t, 'ecr.amazonaws.com', 'PutImage', identity, address, 'docker/27.5.1 go/go1.22.11 kernel/6.1.0 os/linux arch/amd64 UpstreamClient(Docker-Client/27.5.1)',
                        {'registryId': ACCOUNT, 'repositoryName': image, 'imageTag': tag, 'imageManifestMediaType': 'application/vnd.docker.distribution.manifest.v2+json'},
                        {'image': {'registryId': ACCOUNT, 'repositoryName': image, 'imageId': {'imageDigest': f'sha256:{digest("image", content)}', 'imageTag': tag},
                                   'imageManifestMediaType': 'application/vnd.docker.distribution.manifest.v2+json'}}, read_only=False,
                        resources=[{'accountId': ACCOUNT, 'ARN': f'arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{image}'}])

    # Kubernetes audit log.
    def k8s(self, t, verb, resource, name, namespace, username, agent, code=200, subresource=None, request=None, response=None, level='Metadata', stage='ResponseComplete', groups=None):
        api = {'deployments': 'apis/apps/v1', 'leases': 'apis/coordination.k8s.io/v1'}.get(resource, 'api/v1')
        ref = {'resource': resource, 'namespace': namespace, 'name': name} | ({'apiGroup': api.split('/')[1]} if api != 'api/v1' else {}) | {'apiVersion': 'v1'}
        if subresource:
            ref['subresource'] = subresource
        uri = f'/{api}/namespaces/{namespace}/{resource}' + ('' if verb == 'create' and not subresource else f'/{name}') + (f'/{subresource}' if subresource else '')
        account = username.startswith('system:serviceaccount:')
        record = {'kind': 'Event', 'apiVersion': 'audit.k8s.io/v1', 'level': level, 'auditID': uuid('k8s', t, verb, resource, name, username), 'stage': stage, 'requestURI': uri, 'verb': verb,
                  'user': {'username': username, 'groups': groups or (['system:serviceaccounts', f'system:serviceaccounts:{username.split(":")[2]}', 'system:authenticated'] if account else ['system:authenticated'])},
                  'sourceIPs': ['10.42.0.10'], 'userAgent': agent, 'objectRef': ref, 'requestReceivedTimestamp': iso_micro(t)}
        if account:
            record['user']['uid'] = uuid('sa', username)
        if stage == 'ResponseComplete':
            record['responseStatus'] = {'metadata': {}, 'code': code}
        if request:
            record['requestObject'] = request
        if response:
            record['responseObject'] = response
        done = t + datetime.timedelta(milliseconds=7)
        record |= {'stageTimestamp': iso_micro(done if stage == 'ResponseComplete' else t), 'annotations': {'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': ''}}
        self.add('k8s', t, record)

    def runner_pod(self, t, run, node='node-b1'):
        """What the runner controller asks for, and where the scheduler puts it."""
        pod = {'kind': 'Pod', 'apiVersion': 'v1',
               'metadata': {'name': run.runner, 'namespace': 'ci', 'creationTimestamp': None, 'labels': {'app': 'prod-deploy'},
                            'ownerReferences': [{'apiVersion': 'actions.github.com/v1alpha1', 'kind': 'EphemeralRunner', 'name': run.runner, 'uid': uuid('runner', run.runner), 'controller': True, 'blockOwnerDeletion': True}]},
               'spec': {'volumes': [{'name': 'work', 'emptyDir': {}}, {'name': 'registry-login', 'secret': {'secretName': 'prod-registry-login', 'defaultMode': 420}}],
                        'containers': [{'name': 'runner', 'image': f'ghcr.io/actions/actions-runner@sha256:{digest("image", "actions-runner")}', 'resources': {},
                                        'volumeMounts': [{'name': 'work', 'mountPath': '/home/runner/_work'}, {'name': 'registry-login', 'readOnly': True, 'mountPath': '/var/run/registry'}],
                                        'imagePullPolicy': 'IfNotPresent', 'securityContext': {'privileged': False}}],
                        'restartPolicy': 'Never', 'serviceAccountName': 'prod-deploy', 'dnsPolicy': 'ClusterFirst', 'schedulerName': 'default-scheduler', 'securityContext': {}},
               'status': {}}
        controller = 'system:serviceaccount:arc-systems:arc-gha-rs-controller'
        self.k8s(t, 'create', 'pods', run.runner, 'ci', controller, 'ghalistener/0.10.1', stage='RequestReceived')
        self.k8s(t, 'create', 'pods', run.runner, 'ci', controller, 'manager/0.10.1', code=201, request=pod, level='Request')
        self.k8s(t + datetime.timedelta(seconds=1), 'create', 'pods', run.runner, 'ci', 'system:kube-scheduler', 'kube-scheduler/v1.31.4', code=201, subresource='binding',
                 request={'kind': 'Binding', 'apiVersion': 'v1', 'metadata': {'name': run.runner, 'namespace': 'ci', 'creationTimestamp': None}, 'target': {'kind': 'Node', 'name': node}}, level='Request')
        self.audit(t + datetime.timedelta(seconds=4), 'org.register_self_hosted_runner', actor='acme-arc[bot]', runner_id=number(5, 'runner', run.runner), runner_name=run.runner,
                   runner_labels=run.labels, runner_group_name='prod-runners')
        self.audit(t + datetime.timedelta(seconds=9), 'org.self_hosted_runner_online', runner_id=number(5, 'runner', run.runner), runner_name=run.runner, runner_group_name='prod-runners')

    def runner_gone(self, t, run):
        self.k8s(t, 'delete', 'pods', run.runner, 'ci', 'system:serviceaccount:arc-systems:arc-gha-rs-controller', 'manager/0.10.1')
        self.audit(t + datetime.timedelta(seconds=2), 'org.remove_self_hosted_runner', actor='acme-arc[bot]', runner_id=number(5, 'runner', run.runner), runner_name=run.runner, runner_group_name='prod-runners')

    # Hubble flows.
    def flow(self, t, source, destination, l4, kind='L3_L4', reply=False, verdict='FORWARDED', names=None, l7=None, summary='', node='node-b1'):
        event_type = {'type': 129} if l7 else {'type': 4, 'sub_type': 3}
        flow = {'time': iso_nano(t, summary), 'uuid': uuid('flow', t, summary, reply), 'verdict': verdict,
                'IP': {'source': source['ip'], 'destination': destination['ip'], 'ipVersion': 'IPv4'}, 'l4': l4,
                'source': {k: v for k, v in source.items() if k != 'ip'}, 'destination': {k: v for k, v in destination.items() if k != 'ip'}, 'Type': kind, 'node_name': node}
        if not l7:
            flow['trace_observation_point'] = 'TO_STACK'
        if names:
            flow['destination_names'] = names
        if l7:
            flow['l7'] = l7
        if reply:
            flow['reply'] = True
        flow |= {'event_type': event_type, 'traffic_direction': 'EGRESS', 'is_reply': reply, 'Summary': summary}
        self.add('hubble', t, {'flow': flow, 'node_name': node, 'time': flow['time']})

    def look_up(self, t, pod, name, addresses, node='node-b1'):
        t += datetime.timedelta(microseconds=number(6, name, t) // 2)
        port = 32768 + number(4, name, t)
        dns = {'query': name + '.', 'observation_source': 'proxy', 'qtypes': ['A']}
        self.flow(t, pod, DNS_POD, {'UDP': {'source_port': port, 'destination_port': 53}}, 'L7', l7={'type': 'REQUEST', 'dns': dns}, summary=f'DNS Query {name}. A', node=node)
        self.flow(t + datetime.timedelta(milliseconds=2), DNS_POD, pod, {'UDP': {'source_port': 53, 'destination_port': port}}, 'L7', True,
                  l7={'type': 'RESPONSE', 'latency_ns': '2000000', 'dns': dns | {'ips': addresses, 'ttl': 60, 'rrtypes': ['A']}},
                  summary=f'DNS Answer "{",".join(addresses)}" TTL: 60 (Proxy {name}. A)', node=node)

    def connect(self, t, pod, address, names=None, port=443, node='node-b1', both=False):
        world = {'ip': address, 'identity': 2, 'labels': ['reserved:world']}
        source_port = 32768 + number(4, address, t)
        for i, flags in enumerate([{'SYN': True}, {'ACK': True, 'FIN': True}][:2 if both else 1]):
            self.flow(t + datetime.timedelta(seconds=11 * i, microseconds=number(6, address, t)), pod, world,
                      {'TCP': {'source_port': source_port, 'destination_port': port, 'flags': flags}}, names=names, summary='TCP Flags: ' + ', '.join(flags), node=node)

    def visit(self, t, pod, name, address, node='node-b1'):
        self.look_up(t, pod, name, [address], node)
        self.connect(t + datetime.timedelta(seconds=1), pod, address, [name], node=node)

    # Tetragon.
    def execute(self, t, pod_name, namespace, binary, arguments, parent='/bin/bash', image='ghcr.io/actions/actions-runner', node='node-b1', exited=False, cwd='/home/runner/_work'):
        def process(name, args, tag):
            pid = number(5, t, name, tag)
            out = {'exec_id': base64.b64encode(f'{node}:{number(14, t, name, tag)}:{pid}'.encode()).decode(), 'pid': pid, 'uid': 1001, 'cwd': cwd, 'binary': name}
            if args:
                out['arguments'] = args
            out |= {'flags': 'execve clone', 'start_time': t.strftime('%Y-%m-%dT%H:%M:%S.') + f'{t.microsecond // 1000:03d}Z', 'auid': 4294967295,
                    'pod': {'namespace': namespace, 'name': pod_name, 'container': {
                        'id': 'containerd://' + digest('container', pod_name), 'name': 'runner' if namespace == 'ci' else pod_name.split('-')[0],
                        'image': {'id': f'{image}@sha256:{digest("image", image.rsplit("/")[-1])}', 'name': f'{image}:latest'}, 'start_time': iso(t - datetime.timedelta(minutes=5)), 'pid': number(2, t, tag)}},
                    'docker': digest('container', pod_name)[:31]}
            return out
        t += datetime.timedelta(microseconds=number(6, t, binary))
        parent_process = process(parent, '', 'parent') | {'refcnt': 2}
        child = process(binary, arguments, 'child') | {'parent_exec_id': parent_process['exec_id'], 'refcnt': 1}
        parent_process['parent_exec_id'] = base64.b64encode(f'{node}:{number(14, t, "grandparent")}:1'.encode()).decode()
        for i, kind in enumerate(['process_exec', 'process_exit'][:2 if exited else 1]):
            when = t + datetime.timedelta(seconds=4 * i)
            subject = child if kind == 'process_exec' else {k: v for k, v in child.items() if k != 'refcnt'}
            self.add('tetragon', when, {kind: {'process': subject, 'parent': parent_process}, 'node_name': node, 'time': iso_nano(when, kind, binary)})


ACTIONS_AGENT = 'aws-sdk-js/3.726.1 ua/2.1 os/linux#6.1.0 lang/js md/nodejs#20.18.1 api/sts#3.726.1 m/E configure-aws-credentials-for-github-actions'


def pod(namespace, name, account, address, app):
    return {'ip': address, 'ID': number(4, 'endpoint', name), 'identity': number(5, 'identity', namespace, app), 'namespace': namespace, 'labels': [
        f'k8s:app={app}', 'k8s:io.cilium.k8s.policy.cluster=default', f'k8s:io.cilium.k8s.policy.serviceaccount={account}', f'k8s:io.kubernetes.pod.namespace={namespace}'], 'pod_name': name}


def runner_pod_of(run, address='10.42.3.17'):
    return pod('ci', run.runner, 'prod-deploy', address, 'prod-deploy')


DNS_POD = pod('kube-system', 'coredns-7c65d6cfc9-4xk2p', 'coredns', '10.42.0.53', 'kube-dns')


def run_object(run, t, created, status, conclusion):
    url = f'https://api.github.com/repos/{ORG}/{run.repo}/actions/runs/{run.id}'
    return {'id': run.id, 'name': run.workflow, 'node_id': 'WFR_' + base64_of('run', run.name, size=15), 'head_branch': run.branch, 'head_sha': run.sha, 'path': run.path,
            'display_title': f'Change for {run.name}', 'run_number': run.run_number, 'event': run.event, 'status': status, 'conclusion': conclusion,
            'workflow_id': number(8, 'workflow', run.repo, run.workflow), 'check_suite_id': 30000000000 + number(9, 'suite', run.name),
            'check_suite_node_id': 'CS_' + base64_of('suite', run.name, size=15), 'url': url, 'html_url': f'https://github.com/{ORG}/{run.repo}/actions/runs/{run.id}', 'pull_requests': [],
            'created_at': iso(created), 'updated_at': iso(t), 'actor': user(run.actor), 'run_attempt': 1, 'run_started_at': iso(created), 'triggering_actor': user(run.actor)}


def deployment_object(run, created):
    url = f'https://api.github.com/repos/{ORG}/{run.repo}'
    return {'url': f'{url}/deployments/{run.deployment_id}', 'id': run.deployment_id, 'node_id': 'DE_' + base64_of('deployment', run.name, size=15), 'task': 'deploy',
            'original_environment': run.environment, 'environment': run.environment, 'description': None, 'created_at': iso(created), 'updated_at': iso(created),
            'statuses_url': f'{url}/deployments/{run.deployment_id}/statuses', 'repository_url': url, 'creator': user(run.actor), 'sha': run.sha, 'ref': run.branch, 'payload': {},
            'transient_environment': False, 'production_environment': False}


def git_fields(repo, protocol, access_type, token, address, agent):
    return {'repository': f'{ORG}/{repo}', 'repository_public': False, 'transport_protocol': 2 if protocol == 'ssh' else 1, 'transport_protocol_name': protocol,
            'programmatic_access_type': access_type, 'hashed_token': base64_of('token', token), 'token_id': 0 if protocol == 'ssh' else number(11, 'token', token), 'actor_ip': address,
            'actor_location': {'country_code': 'US'}, 'user_agent': agent, 'user_id': 0}


# --- stories ----------------------------------------------------------------------------------------------------------------

def fetches_source(world, t, run, address=CI_ADDRESS):
    world.audit(t, 'git.fetch', repo=run.repo, actor='github-actions[bot]',
                **git_fields(run.repo, 'http', 'GitHub App server-to-server token', ('job', run.name), address, 'git/2.48.1'))


def quiet_run(world, t, run, minutes, image=None, tag=None, content=None, address='10.42.3.40', conclusion='success', approver=None, until=None):
    """A run as it should be. `until`: nothing after this moment has happened yet."""
    ends = t + datetime.timedelta(minutes=minutes)
    created = t - datetime.timedelta(minutes=1, seconds=10)
    world.push(created - datetime.timedelta(seconds=4), run)
    world.workflow_run(created, run, 'requested', created)
    world.workflow_job(created + datetime.timedelta(seconds=2), run, 'queued', created)
    world.prepared_job(t - datetime.timedelta(seconds=30), run)
    machine = None
    if not run.hosted:
        machine = runner_pod_of(run, address)
        world.runner_pod(t - datetime.timedelta(seconds=20), run)
    world.workflow_job(t, run, 'in_progress', created, started=t)
    if run.environment:
        world.deployment_status(t + datetime.timedelta(seconds=1), run, 'in_progress', created)
    fetches_source(world, t + datetime.timedelta(seconds=9), run, CI_ADDRESS if machine else '20.97.189.54')
    if machine:
        world.visit(t + datetime.timedelta(seconds=4), machine, 'pipelines.actions.githubusercontent.com', '140.82.113.22')
        world.execute(t + datetime.timedelta(seconds=8), run.runner, 'ci', '/usr/bin/git', f'fetch --depth=1 origin {run.sha}', exited=True)
        world.execute(t + datetime.timedelta(seconds=40), run.runner, 'ci', '/usr/bin/docker', 'buildx build --push .', parent='/usr/bin/dash')
    if image:
        identity = world.assume_role(t + datetime.timedelta(seconds=50), run, f'{run.repo}-deploy', CI_ADDRESS if machine else '20.97.189.54')
        if machine:
            world.visit(t + datetime.timedelta(seconds=55), machine, f'api.ecr.{REGION}.amazonaws.com', '52.46.152.27')
        where = CI_ADDRESS if machine else '20.97.189.54'
        world.registry_login(t + datetime.timedelta(seconds=57), identity, where)
        world.put_image(ends - datetime.timedelta(seconds=40), identity, image, tag, content, where)
    if run.environment:
        world.deployment_status(ends, run, conclusion if conclusion == 'success' else 'failure', created)
    world.workflow_job(ends, run, 'completed', created, started=t, conclusion=conclusion)
    world.workflow_run(ends + datetime.timedelta(seconds=3), run, 'completed', created, conclusion)
    if machine:
        world.runner_gone(ends + datetime.timedelta(seconds=20), run)


APPS = [pod('web', 'shop-6f7c9d5b84-q2xzv', 'shop', '10.42.1.21', 'shop'), pod('web', 'search-59c6f4c7b9-m8k4d', 'search', '10.42.1.33', 'search'),
        pod('pay', 'ledger-7d4b8c6f55-t7w2n', 'ledger', '10.42.2.14', 'ledger'), pod('tenant-t1', 'worker-86b5d7c9f4-hc6lz', 'worker', '10.42.2.60', 'worker'),
        pod('tenant-t2', 'worker-86b5d7c9f4-zx9qp', 'worker', '10.42.2.61', 'worker')]
PLACES = [('api.payments.example', '198.51.100.140'), ('mail.relay.example', '198.51.100.150'), ('search.index.example', '198.51.100.160'), ('hooks.partner.example', '198.51.100.170')]
PEOPLE = ['dev', 'mina', 'oskar', 'priya', 'lead']


def everyday(world, begin, end, seed, density=1.0):
    """Other people's work. `density`: how much of it."""
    r = random.Random(seed)

    def moments(every_minutes):
        t = begin + datetime.timedelta(seconds=r.uniform(20, 300))
        while t < end:
            yield t.replace(microsecond=r.randrange(1000) * 1000)
            t += datetime.timedelta(minutes=every_minutes / density * r.uniform(0.6, 1.4))

    for t in moments(12):
        name, address = r.choice(PLACES)
        world.visit(t, r.choice(APPS), name, address, node=r.choice(CLUSTER_NODES))
    for t in moments(14):
        role = 'monitoring'
        issuer = {'type': 'Role', 'principalId': 'AROA' + example_key(role)[4:], 'arn': f'arn:aws:iam::{ACCOUNT}:role/{role}', 'accountId': ACCOUNT, 'userName': role}
        identity = {'type': 'AssumedRole', 'principalId': issuer['principalId'] + ':collector', 'arn': f'arn:aws:sts::{ACCOUNT}:assumed-role/{role}/collector', 'accountId': ACCOUNT,
                    'accessKeyId': example_key((role, t.date())), 'sessionContext': {'sessionIssuer': issuer, 'webIdFederationData': {}, 'attributes': {'creationDate': iso(t.replace(hour=0, minute=5, second=0)), 'mfaAuthenticated': 'false'}}}
        source, name, request = r.choice([('ec2.amazonaws.com', 'DescribeInstances', {'maxResults': 100, 'instancesSet': {}, 'filterSet': {}}), ('s3.amazonaws.com', 'ListBuckets', {'Host': 's3.amazonaws.com'}),
                                          ('ecr.amazonaws.com', 'DescribeRepositories', {'maxResults': 100}), ('kms.amazonaws.com', 'ListKeys', None)])
        world.cloudtrail(t, source, name, identity, '192.0.2.31', 'Boto3/1.36.2 md/Botocore#1.36.2 ua/2.0 os/linux#6.1.0', request)
    for t in moments(21):
        who = r.choice(PEOPLE)
        choice = r.randrange(4)
        repo = r.choice(['web', 'docs', 'billing', 'infra'])
        if choice < 3:
            world.audit(t, r.choice(['git.clone', 'git.fetch', 'git.fetch']), repo=repo, actor=who, **git_fields(repo, 'ssh', 'Public Key (User/Deploy)', who, OFFICE_ADDRESS, 'git/2.47.1'))
        else:
            world.audit(t, r.choice(['pull_request.create', 'pull_request.merge', 'pull_request_review.submit']), repo=repo, actor=who, user_agent='Mozilla/5.0', operation_type='create')
    for t in moments(18):
        app = r.choice(APPS)
        world.k8s(t, r.choice(['get', 'list', 'update']), r.choice(['configmaps', 'leases']), app['pod_name'].split('-')[0], app['namespace'],
                  f'system:serviceaccount:{app["namespace"]}:{app["labels"][0].split("=")[1]}', 'app/v0.0.0 (linux/amd64) kubernetes/$Format')
    for t in moments(45):
        app = r.choice(APPS)
        world.execute(t, app['pod_name'], app['namespace'], '/usr/bin/curl', '-fsS http://127.0.0.1:8080/healthz', parent='/bin/sh', image=f'{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{app["labels"][0].split("=")[1]}', node=r.choice(CLUSTER_NODES), cwd='/app')
    versions = {'web': 30, 'billing': 12}
    for i, t in enumerate(moments(115)):
        t = t.replace(microsecond=0)
        repo = r.choice(['web', 'docs', 'billing', 'infra'])
        who = r.choice(PEOPLE)
        name = (seed, 'everyday', i)
        if repo in versions and r.random() < 0.5:
            versions[repo] += 1
            run = Run(name, repo, 'release', who, environment='production', secrets=['REGISTRY_TOKEN'], labels=['self-hosted', 'linux', 'prod-deploy'], runner=f'runner-{digest(name)[:4]}', job='deploy')
            quiet_run(world, t, run, r.randrange(4, 9), repo, f'1.{versions[repo]}.0' if r.random() < 0.6 else 'latest', name, address=f'10.42.3.{30 + i % 60}')
        else:
            quiet_run(world, t, Run(name, repo, 'test', who, branch=r.choice(['main', 'feature'])), r.randrange(2, 6), conclusion=r.choice(['success', 'success', 'success', 'failure']))


RELEASE = dict(repo='api', workflow_name='release', actor='dev', environment='production', secrets=['DEPLOY_KEY', 'REGISTRY_TOKEN'],
               labels=['self-hosted', 'linux', 'prod-deploy'], job='deploy')


def release_of_2_4_0(world):
    """The release before, a day earlier, from another runner of the set."""
    quiet_run(world, at(-27 * 60), Run('api 2.4.0', runner='runner-c7d1', **RELEASE), 9, 'api', '2.4.0', 'api 2.4.0')


def release_asked_for(world, run):
    created = at(-18)
    world.push(created - datetime.timedelta(seconds=4), run)
    world.workflow_run(created, run, 'requested', created)
    world.workflow_job(created + datetime.timedelta(seconds=2), run, 'queued', created)
    world.review(created + datetime.timedelta(seconds=3), run, 'requested', created)
    world.review(at(0), run, 'approved', created, approver='lead')
    world.prepared_job(at(1), run)
    return created


def release_starts(world, run, created):
    machine = runner_pod_of(run)
    world.runner_pod(at(1, 35), run)
    world.workflow_job(at(2), run, 'in_progress', created, started=at(2))
    world.deployment_status(at(2, 1), run, 'in_progress', created)
    world.visit(at(2, 5), machine, 'pipelines.actions.githubusercontent.com', '140.82.113.22')
    fetches_source(world, at(2, 11), run)
    world.visit(at(2, 10), machine, 'github.com', '140.82.112.3')
    world.execute(at(2, 10), run.runner, 'ci', '/usr/bin/git', f'fetch --depth=1 origin {run.sha}', exited=True)
    identity = world.assume_role(at(3), run, 'api-deploy')
    world.visit(at(2, 58), machine, f'sts.{REGION}.amazonaws.com', '52.46.152.40')
    world.execute(at(4, 20), run.runner, 'ci', '/usr/bin/make', 'release VERSION=2.5.0', parent='/usr/bin/dash')
    return machine, identity


def release_ends(world, run, created):
    world.deployment_status(at(19), run, 'success', created)
    world.workflow_job(at(19), run, 'completed', created, started=at(2), conclusion='success')
    world.workflow_run(at(19, 3), run, 'completed', created, 'success')
    world.runner_gone(at(19, 25), run)


def push_2_5_0(world, machine, identity):
    world.visit(at(10, 20), machine, f'api.ecr.{REGION}.amazonaws.com', '52.46.152.27')
    world.registry_login(at(10, 30), identity)
    world.execute(at(10, 40), 'runner-x9f2', 'ci', '/usr/bin/docker', 'push 123456789012.dkr.ecr.us-east-1.amazonaws.com/api:2.5.0', parent='/usr/bin/make')
    world.put_image(at(11), identity, 'api', '2.5.0', 'api 2.5.0')


def release_run():
    return Run('api 2.5.0', runner='runner-x9f2', run_id=16420077001, **RELEASE)


def main_scenario():
    world = World()
    everyday(world, at(-28 * 60), at(32 * 60), 'main')
    release_of_2_4_0(world)
    # Alone and unrelated: a pod of another team talks to an address without a name. Medium, no incident.
    newsletter = pod('web', 'newsletter-5b8d6c7f99-r4t6y', 'newsletter', '10.42.1.77', 'newsletter')
    world.visit(at(-11 * 60 - 12), newsletter, 'mail.relay.example', '198.51.100.150', node='node-a2')
    world.connect(at(-11 * 60 - 10), newsletter, '203.0.113.150', port=8443, node='node-a2')
    # The story.
    run = release_run()
    created = release_asked_for(world, run)
    machine, identity = release_starts(world, run, created)
    world.connect(at(6), machine, DROP_ADDRESS, both=True)
    world.execute(at(7), run.runner, 'ci', '/tmp/.u', '-q', parent='/usr/bin/make', cwd='/tmp')
    push_2_5_0(world, machine, identity)
    thief = 'Boto3/1.35.99 md/Botocore#1.35.99 ua/2.0 os/linux#6.8.0 md/arch#x86_64 lang/python#3.12.3'
    world.cloudtrail(at(14), 'secretsmanager.amazonaws.com', 'GetSecretValue', identity, THIEF_ADDRESS, thief, {'secretId': 'prod/api/signing-key'})
    world.cloudtrail(at(14, 25), 'ecr.amazonaws.com', 'DescribeRepositories', identity, THIEF_ADDRESS, thief, {'maxResults': 100})
    world.audit(at(17), 'git.push', repo='api', actor='github-actions[bot]', **git_fields('api', 'http', 'GitHub App server-to-server token', ('job', run.name), CI_ADDRESS, 'git/2.48.1'))
    release_ends(world, run, created)
    # Thirty hours later, another runner, another repository: a name that nobody allowed, looked up properly. The job fails.
    later = at(30 * 60)
    other = Run('reports 3.2.0', 'reports', 'release', 'oskar', environment='production', secrets=['REGISTRY_TOKEN'], labels=['self-hosted', 'linux', 'prod-deploy'], runner='runner-k4m7', job='deploy')
    quiet_run(world, later, other, 6, conclusion='failure', address='10.42.3.91')
    world.visit(later + datetime.timedelta(minutes=3), runner_pod_of(other, '10.42.3.91'), 'files.paste.example', '198.51.100.77')
    return world


def variant_a():
    """Stops after minute 7: what the on-call person has when the page goes off."""
    world = World()
    everyday(world, at(-180), at(26), 'variant_a', 1.5)
    run = release_run()
    created = release_asked_for(world, run)
    machine, _ = release_starts(world, run, created)
    world.connect(at(6), machine, DROP_ADDRESS, both=True)
    world.execute(at(7), run.runner, 'ci', '/tmp/.u', '-q', parent='/usr/bin/make', cwd='/tmp')
    return world


def twin_allowed_cdn():
    """The same release, and a new host below a suffix that is allowed."""
    world = World()
    everyday(world, at(-180), at(90), 'twin_allowed_cdn')
    run = release_run()
    created = release_asked_for(world, run)
    machine, identity = release_starts(world, run, created)
    world.visit(at(6), machine, 'release-assets-cdn7.githubusercontent.com', DROP_ADDRESS)
    push_2_5_0(world, machine, identity)
    release_ends(world, run, created)
    return world


def static_runner(name, minutes_after):
    """A runner that stays, a job of five minutes, and an egress so many minutes after its end."""
    world = World()
    everyday(world, at(-180), at(90), name)
    run = Run('api hotfix', runner='static-runner-0', **RELEASE)
    machine = runner_pod_of(run, '10.42.3.5')
    created = at(0, 50)
    world.push(created - datetime.timedelta(seconds=4), run)
    world.workflow_run(created, run, 'requested', created)
    world.workflow_job(created + datetime.timedelta(seconds=2), run, 'queued', created)
    world.prepared_job(at(1, 30), run)
    world.workflow_job(at(2), run, 'in_progress', created, started=at(2))
    world.deployment_status(at(2, 1), run, 'in_progress', created)
    world.visit(at(2, 5), machine, 'pipelines.actions.githubusercontent.com', '140.82.113.22')
    fetches_source(world, at(2, 11), run)
    world.deployment_status(at(7), run, 'success', created)
    world.workflow_job(at(7), run, 'completed', created, started=at(2), conclusion='success')
    world.workflow_run(at(7, 3), run, 'completed', created, 'success')
    world.visit(at(7 + minutes_after), machine, 'telemetry.vendor.example', '198.51.100.44')
    return world


SCENARIOS = {
    'ci_runner_before_release': main_scenario,
    'variant_a': variant_a,
    'twin_allowed_cdn': twin_allowed_cdn,
    'twin_after_job': lambda: static_runner('twin_after_job', 12),
    'counter_twin': lambda: static_runner('counter_twin', 5),
}


# --- files ------------------------------------------------------------------------------------------------------------------

def lines(records):
    return ''.join(json.dumps(record, separators=(',', ':')) + '\n' for record in records).encode()


def zipped(data):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode='wb', compresslevel=9, mtime=0) as f:   # no name, no time: the same bytes every day
        f.write(data)
    return out.getvalue()


def files_of(world):
    """name -> bytes, each feed as its system delivers it."""
    ordered = {feed: [record for _, _, record in sorted(events, key=lambda e: e[:2])] for feed, events in world.feeds.items()}
    files = {'github-webhooks.ndjson': lines(ordered['webhooks']), 'github-audit.ndjson': lines(ordered['audit']), 'k8s-audit.ndjson': lines(ordered['k8s']),
             'hubble.ndjson.gz': zipped(lines(ordered['hubble'])), 'tetragon.ndjson': lines(ordered['tetragon'])}
    # CloudTrail delivers files of some hours here; inside a file the order is that of nothing in particular. The one of the
    # story is compressed, as all of them are in a real bucket.
    by_file = {}
    for t, _, record in world.feeds['cloudtrail']:
        slot = t.replace(hour=t.hour // 8 * 8, minute=0, second=0, microsecond=0)
        by_file.setdefault(slot, []).append(record)
    for slot, records in sorted(by_file.items()):
        records.sort(key=lambda record: record['eventID'])
        data = json.dumps({'Records': records}, separators=(',', ':')).encode()
        name = f'cloudtrail/{ACCOUNT}_CloudTrail_{REGION}_{slot:%Y%m%dT%H%MZ}_{digest("file", slot)[:16]}.json'
        if slot <= T0 < slot + datetime.timedelta(hours=8):
            files[name + '.gz'] = zipped(data)
        else:
            files[name] = data
    return files


def main():
    check = sys.argv[1:] == ['--check']
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    different = []
    for name, make in SCENARIOS.items():
        folder = HERE / name / 'events'
        files = files_of(make())
        present = {str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file()} if folder.is_dir() else set()
        for file in sorted(present | set(files)):
            there = (folder / file).read_bytes() if file in present else None
            # Compressors differ between versions; what is inside must not.
            same = there is not None and file in files and (gzip.decompress(there) == gzip.decompress(files[file]) if file.endswith('.gz') else there == files[file])
            if not same:
                different.append(f'{name}/events/{file}')
        if check:
            continue
        if folder.is_dir():
            shutil.rmtree(folder)
        for file, data in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(data)
    if check and different:
        sys.exit('these are not what make_demo.py writes: ' + ', '.join(different))


if __name__ == '__main__':
    main()
