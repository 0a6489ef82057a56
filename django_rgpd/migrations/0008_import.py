"""Lists of consents are imported, with the texts that people agreed to elsewhere."""

import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('django_rgpd', '0007_audience'),
    ]

    operations = [
        migrations.AddField(
            model_name='wording',
            name='imported',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.CreateModel(
            name='ConsentImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('site', models.PositiveIntegerField(default=1)),
                ('purpose', models.CharField(max_length=64)),
                ('channel', models.CharField(max_length=16)),
                ('wording', models.TextField(blank=True, default='')),
                ('stage', models.CharField(choices=[('received', 'being read'), ('judged', 'waits for your confirmation'), ('confirmed', 'being taken'), ('done', 'taken'), ('refused', 'refused'), ('ended', 'ended')], default='received', max_length=10)),
                ('upload', models.CharField(blank=True, default='', max_length=64)),
                ('accepted', models.CharField(blank=True, default='', max_length=64)),
                ('report', models.CharField(blank=True, default='', max_length=64)),
                ('texts', models.JSONField(blank=True, default=list)),
                ('told', models.JSONField(blank=True, default=dict)),
                ('line', models.PositiveIntegerField(default=0)),
                ('taken', models.PositiveIntegerField(default=0)),
                ('changed', models.JSONField(blank=True, default=dict)),
                ('note', models.CharField(blank=True, default='', max_length=300)),
                ('actor', models.CharField(blank=True, default='', max_length=255)),
                ('created_at', models.DateTimeField()),
                ('judged_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'import of consents',
                'verbose_name_plural': 'imports of consents',
                'permissions': [('import_consents', 'Can import a list of consents')],
                'indexes': [models.Index(fields=['stage', 'created_at'], name='rgpd_import_stage')],
            },
        ),
    ]
