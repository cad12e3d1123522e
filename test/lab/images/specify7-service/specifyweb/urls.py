"""Addresses. Loading them asks the asset server for its own, once per process."""
from django.urls import path

from . import attachments, setup_tool, views

attachments.connect()

urlpatterns = [
    path('', views.root),
    path('specify/', views.main_page),
    path('specify/<path:rest>', lambda request, rest: views.main_page(request)),
    path('accounts/login/', views.login_page),
    path('accounts/legacy_login/', views.login_page),
    path('accounts/logout/', views.logout_page),
    path('accounts/support_login/', views.support_login),
    path('context/login/', views.context_login),
    path('context/user.json', views.context_user),
    path('context/system_info.json', views.system_info),
    path('context/server_time.json', views.server_time),
    path('context/report_runner_status.json', views.report_status),
    path('context/attachment_settings.json', views.attachment_settings),
    path('attachment_gw/get_settings/', views.attachment_settings),
    path('attachment_gw/get_token/', views.attachment_token),
    path('report_runner/run/', views.report_run),
    path('setup_tool/setup_progress/', setup_tool.progress_view),
    path('setup_tool/setup_database/create/', setup_tool.create_view),
    path('stored_query/exportcsv/', views.export_csv),
    path('notifications/messages/', views.messages),
    path('api/test_error/', views.raise_error),
]
handler404 = views.not_found
